/* memory "leak": only if the other thread was there first is it lost. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic(void *) place;

static void
put(void)
{
    void *mine = malloc(8);
    void *was = NULL;

    if (!atomic_compare_exchange_strong(&place, &was, mine)) {
        return;
    }
}

void
t0(void)
{
    put();
}

void
t1(void)
{
    put();
}

void
post(void)
{
    free(atomic_load(&place));
}
