/* clean, 3 executions: two stores of x and two of y, 4 orders; the one in
 * which each thread's first store comes last is a circle. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y;

void
t0(void)
{
    atomic_store(&x, 1);
    atomic_store(&y, 2);
}

void
t1(void)
{
    atomic_store(&y, 1);
    atomic_store(&x, 2);
}

void
post(void)
{
    heddle_assert(atomic_load(&x) == 2 || atomic_load(&y) == 2);
}
