/* race "ordered": a relaxed store of another thread ends the release sequence;
 * who acquires that value knows nothing. */
#include <heddle.h>
#include <stdatomic.h>

static int data;
static atomic_int flag;

void
t0(void)
{
    data = 42;
    atomic_store_explicit(&flag, 1, memory_order_release);
}

void
t1(void)
{
    if (atomic_load_explicit(&flag, memory_order_relaxed) == 1) {
        atomic_store_explicit(&flag, 2, memory_order_relaxed);
    }
}

void
t2(void)
{
    if (atomic_load_explicit(&flag, memory_order_acquire) == 2) {
        heddle_assert(data == 42);
    }
}
