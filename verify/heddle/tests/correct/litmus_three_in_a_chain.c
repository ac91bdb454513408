/* clean, 7 executions: three loads, 8 ways; that the last of a chain of two
 * messages misses the first store is a circle. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y, z;
static int a, b, c;

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
    atomic_store(&z, 1);
}

void
t2(void)
{
    b = atomic_load(&z);
    c = atomic_load(&x);
}

void
post(void)
{
    heddle_assert(a == 0 || b == 0 || c == 1);
}
