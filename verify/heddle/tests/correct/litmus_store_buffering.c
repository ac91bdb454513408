/* clean, 3 executions: each load comes before or after the other thread's
 * store, 4 ways; both before is a circle, and cannot be. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y;
static int a, b;

void
t0(void)
{
    atomic_store(&x, 1);
    a = atomic_load(&y);
}

void
t1(void)
{
    atomic_store(&y, 1);
    b = atomic_load(&x);
}

void
post(void)
{
    heddle_assert(a == 1 || b == 1);
}
