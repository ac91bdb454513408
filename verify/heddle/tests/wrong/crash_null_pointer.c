/* crash "null pointer": the pointer is used before the other thread sets it. */
#include <heddle.h>
#include <stdatomic.h>
#include <stddef.h>

static int object;
static _Atomic(int *) place;

void
t0(void)
{
    atomic_store(&place, &object);
}

void
t1(void)
{
    int *volatile at = atomic_load(&place);

    *at = 1;
}
