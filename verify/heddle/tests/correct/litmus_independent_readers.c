/* clean, 15 executions: four loads, each before or after one store, 16 ways;
 * that the readers see the stores in different orders is a circle. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y;
static int a, b, c, d;

void
t0(void)
{
    atomic_store(&x, 1);
}

void
t1(void)
{
    atomic_store(&y, 1);
}

void
t2(void)
{
    a = atomic_load(&x);
    b = atomic_load(&y);
}

void
t3(void)
{
    c = atomic_load(&y);
    d = atomic_load(&x);
}

void
post(void)
{
    heddle_assert(a == 0 || b == 1 || c == 0 || d == 1);
}
