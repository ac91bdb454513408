/* clean, 6 executions: three additions that look at the old value, in 3!
 * orders. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int ticket;
static int mine[3];

void
t0(void)
{
    mine[0] = atomic_fetch_add(&ticket, 1);
}

void
t1(void)
{
    mine[1] = atomic_fetch_add(&ticket, 1);
}

void
t2(void)
{
    mine[2] = atomic_fetch_add(&ticket, 1);
}

void
post(void)
{
    heddle_assert(mine[0] + mine[1] + mine[2] == 3);
    heddle_assert(mine[0] != mine[1] && mine[1] != mine[2]);
    heddle_assert(mine[0] != mine[2]);
}
