/* clean, 2 executions: a release fence before the relaxed store and an
 * acquire fence after the relaxed load order as much as those orders do. */
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
        atomic_thread_fence(memory_order_acquire);
        heddle_assert(data == 42);
    }
}
