/* clean, 3 executions: two loads against two stores, 4 ways; to see the
 * second store and not the first is a circle. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y;
static int a, b;

void
t0(void)
{
    atomic_store(&x, 1);
    atomic_store(&y, 1);
}

void
t1(void)
{
    a = atomic_load(&y);
    b = atomic_load(&x);
}

void
post(void)
{
    heddle_assert(a == 0 || b == 1);
}
