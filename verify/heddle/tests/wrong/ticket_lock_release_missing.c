/* race "ordered": the next in line is called with a relaxed store. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_uint next;
static atomic_uint serving;
static int count;

static void
add(void)
{
    unsigned mine =
        atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);

    while (atomic_load_explicit(&serving, memory_order_acquire) != mine) {
        continue;
    }
    count++;
    atomic_store_explicit(&serving, mine + 1, memory_order_relaxed);
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
