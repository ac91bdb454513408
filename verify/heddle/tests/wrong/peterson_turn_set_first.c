/* race "ordered": the turn is given away before the wish is announced, and
 * both go in. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int wants[2];
static atomic_int turn;
static int inside;

static void
visit(int me)
{
    atomic_store(&turn, 1 - me);
    atomic_store(&wants[me], 1);
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
