/* clean, 3 executions: two loads against one store: 4 ways, and to see the
 * new value first and then the old is none. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int x;
static int a, b;

void
t0(void)
{
    atomic_store(&x, 1);
}

void
t1(void)
{
    a = atomic_load(&x);
    b = atomic_load(&x);
}

void
post(void)
{
    heddle_assert(a == 0 || b == 1);
}
