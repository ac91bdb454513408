/* clean: tickets are drawn in any order, and called in theirs. */
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
    atomic_store_explicit(&serving, mine + 1, memory_order_release);
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

void
t2(void)
{
    add();
}

void
post(void)
{
    heddle_assert(count == 3);
}
