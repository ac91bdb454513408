/* clean, 7 executions: three loads, each before or after the neighbour's
 * store, 8 ways; all before is a circle. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y, z;
static int a, b, c;

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
    b = atomic_load(&z);
}

void
t2(void)
{
    atomic_store(&z, 1);
    c = atomic_load(&x);
}

void
post(void)
{
    heddle_assert(a + b + c > 0);
}
