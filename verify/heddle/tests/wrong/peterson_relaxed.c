/* race "ordered": with relaxed atomics nothing orders the two visits. */
#include <heddle.h>
#include <stdatomic.h>

#define STORE(at, value) \
    atomic_store_explicit(at, value, memory_order_relaxed)
#define LOAD(at) atomic_load_explicit(at, memory_order_relaxed)

static atomic_int wants[2];
static atomic_int turn;
static int inside;

static void
visit(int me)
{
    STORE(&wants[me], 1);
    STORE(&turn, 1 - me);
    while (LOAD(&wants[1 - me]) == 1 && LOAD(&turn) == 1 - me) {
        continue;
    }
    inside++;
    heddle_assert(inside == 1);
    inside--;
    STORE(&wants[me], 0);
}

void
t0(void)
{
    visit(0);
}

void
t1(void)
{
    visit(1);
}
