/* race "data race": the fence comes after the store that it should precede. */
#include <heddle.h>
#include <stdatomic.h>

static int message;
static atomic_int sent;

void
t0(void)
{
    message = 1;
    atomic_store_explicit(&sent, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}

void
t1(void)
{
    if (atomic_load_explicit(&sent, memory_order_relaxed) == 1) {
        atomic_thread_fence(memory_order_acquire);
        heddle_assert(message == 1);
    }
}
