/* clean, 3 executions: each load comes before or after the other thread's
 * store, 4 ways; both after is a circle. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y;
static int a, b;

void
t0(void)
{
    a = atomic_load(&x);
    atomic_store(&y, 1);
}

void
t1(void)
{
    b = atomic_load(&y);
    atomic_store(&x, 1);
}

void
post(void)
{
    heddle_assert(a == 0 || b == 0);
}
