/* race "ordered": the release fence alone orders nothing. */
#include <heddle.h>
#include <stdatomic.h>

static int data;
static atomic_int flag;

void
t0(void)
{
    data = 42;
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&flag, 1, memory_order_relaxed);
}

void
t1(void)
{
    if (atomic_load_explicit(&flag, memory_order_relaxed) == 1) {
        heddle_assert(data == 42);
    }
}
