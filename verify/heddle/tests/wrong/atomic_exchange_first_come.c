/* race "not ordered": exchanges that leave the value as it is order what is
 * around them all the same: only if t0 comes first is its write before t1's. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int told = 1;
static int data;

void
t0(void)
{
    data = 1;
    atomic_exchange(&told, 1);
}

void
t1(void)
{
    atomic_exchange(&told, 1);
    data = 2;
}

void
post(void)
{
    heddle_assert(data != 0);
}
