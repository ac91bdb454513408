/* race "ordered": neither side orders anything. */
#include <heddle.h>

static int data;
static int flag;

void
t0(void)
{
    data = 42;
    __atomic_store_n(&flag, 1, __ATOMIC_RELAXED);
}

void
t1(void)
{
    if (__atomic_load_n(&flag, __ATOMIC_RELAXED) == 1) {
        heddle_assert(data == 42);
    }
}
