/* clean, 2 executions: the exchange with acquire and release gets the box, or
 * gets nothing. */
#include <heddle.h>
#include <stdatomic.h>
#include <stddef.h>

static int box;
static _Atomic(int *) place;

void
t0(void)
{
    box = 42;
    (void)atomic_exchange_explicit(&place, &box, memory_order_acq_rel);
}

void
t1(void)
{
    int *got = atomic_exchange_explicit(&place, NULL, memory_order_acq_rel);

    if (got != NULL) {
        heddle_assert(*got == 42);
    }
}
