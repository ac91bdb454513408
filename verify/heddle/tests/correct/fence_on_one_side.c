/* clean: a fence on one side goes with release or acquire on the other. */
#include <heddle.h>
#include <stdatomic.h>

static int message[2];
static atomic_int sent[2];

void
t0(void)
{
    message[0] = 1;
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&sent[0], 1, memory_order_relaxed);
    message[1] = 2;
    atomic_store_explicit(&sent[1], 1, memory_order_release);
}

void
t1(void)
{
    if (atomic_load_explicit(&sent[0], memory_order_acquire) == 1) {
        heddle_assert(message[0] == 1);
    }
    if (atomic_load_explicit(&sent[1], memory_order_relaxed) == 1) {
        atomic_thread_fence(memory_order_acquire);
        heddle_assert(message[1] == 2);
    }
}
