/* clean: Peterson's mutual exclusion with sequentially consistent atomics. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int wants[2];
static atomic_int turn;
static int inside;

static void
visit(int me)
{
    atomic_store(&wants[me], 1);
    atomic_store(&turn, 1 - me);
    while (atomic_load(&wants[1 - me]) == 1 &&
           atomic_load(&turn) == 1 - me) {
        continue;
    }
    inside++;
    heddle_assert(inside == 1);
    inside--;
    atomic_store(&wants[me], 0);
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
