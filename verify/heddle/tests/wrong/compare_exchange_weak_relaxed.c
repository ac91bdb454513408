/* race "ordered": a lock by a loop of weak compare-exchanges that do not
 * acquire. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int busy;
static int count;

static void
add(void)
{
    int no = 0;

    while (!atomic_compare_exchange_weak_explicit(
        &busy, &no, 1, memory_order_relaxed, memory_order_relaxed)) {
        no = 0;
    }
    count++;
    atomic_store_explicit(&busy, 0, memory_order_release);
}

void
t0(void)
{
    add();
}

void
t1(void)
{
    add();
}
