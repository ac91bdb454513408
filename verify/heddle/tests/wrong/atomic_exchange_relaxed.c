/* race "ordered": the relaxed exchange gets the box without what is in it. */
#include <heddle.h>
#include <stdatomic.h>
#include <stddef.h>

static int box;
static _Atomic(int *) place;

void
t0(void)
{
    box = 42;
    (void)atomic_exchange_explicit(&place, &box, memory_order_release);
}

void
t1(void)
{
    int *got = atomic_exchange_explicit(&place, NULL, memory_order_relaxed);

    if (got != NULL) {
        heddle_assert(*got == 42);
    }
}
