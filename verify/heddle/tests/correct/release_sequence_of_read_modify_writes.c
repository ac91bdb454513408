/* clean: a release sequence goes on through the relaxed read-modify-writes of
 * other threads, so that who acquires the last value knows the first. */
#include <heddle.h>
#include <stdatomic.h>

static int data;
static atomic_int count;

void
t0(void)
{
    data = 42;
    atomic_store_explicit(&count, 1, memory_order_release);
}

void
t1(void)
{
    atomic_fetch_add_explicit(&count, 10, memory_order_relaxed);
}

void
t2(void)
{
    int seen = atomic_load_explicit(&count, memory_order_acquire);

    if (seen == 11 || seen == 1) {
        heddle_assert(data == 42);
    }
}
