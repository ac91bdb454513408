/* race "ordered": the addition of nothing releases all the same; seen before
 * it, it orders nothing. */
#include <heddle.h>

static int data;
static int word;

void
t0(void)
{
    data = 1;
    __atomic_fetch_add(&word, 0, __ATOMIC_RELEASE);
}

void
t1(void)
{
    (void)__atomic_load_n(&word, __ATOMIC_ACQUIRE);
    heddle_state((unsigned)data);
}
