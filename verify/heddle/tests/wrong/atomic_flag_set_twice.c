/* race "not ordered": a test-and-set of a flag that is set already releases
 * and acquires as any other, so who comes first matters. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_flag flag = ATOMIC_FLAG_INIT;
static int data;

void
pre(void)
{
    atomic_flag_test_and_set(&flag);
}

void
t0(void)
{
    data = 1;
    atomic_flag_test_and_set(&flag);
}

void
t1(void)
{
    atomic_flag_test_and_set(&flag);
    data = 2;
}

void
post(void)
{
    heddle_assert(data != 0);
}
