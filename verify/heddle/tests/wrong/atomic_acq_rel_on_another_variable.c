/* race "ordered": both synchronise well, with different words. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int word[2];
static int data;

void
t0(void)
{
    data = 1;
    atomic_fetch_add_explicit(&word[0], 1, memory_order_acq_rel);
}

void
t1(void)
{
    atomic_fetch_add_explicit(&word[1], 1, memory_order_acq_rel);
    heddle_state((unsigned)data);
}
