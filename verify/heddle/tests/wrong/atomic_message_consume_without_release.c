/* race "data race": consume gives an order only with a store that releases. */
#include <heddle.h>
#include <stdatomic.h>
#include <stddef.h>

static int message;
static _Atomic(int *) box;

void
t0(void)
{
    message = 5;
    atomic_store_explicit(&box, &message, memory_order_relaxed);
}

void
t1(void)
{
    int *got = atomic_load_explicit(&box, memory_order_consume);

    if (got != NULL) {
        heddle_assert(*got == 5);
    }
}
