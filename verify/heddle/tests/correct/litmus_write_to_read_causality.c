/* clean, 7 executions: three loads, 8 ways; that the third thread sees y,
 * written by one who saw x, and not x is a circle. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x, y;
static int a, b, c;

void
t0(void)
{
    atomic_store(&x, 1);
}

void
t1(void)
{
    a = atomic_load(&x);
    atomic_store(&y, 1);
}

void
t2(void)
{
    b = atomic_load(&y);
    c = atomic_load(&x);
}

void
post(void)
{
    heddle_assert(a == 0 || b == 0 || c == 1);
}
