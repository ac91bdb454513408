/* assertion "!(mine == 2 && other == 1)": that a thread may die takes away
 * nothing that it does if it lives. */
/* options: --deaths 1 */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int value;
static int mine;
static int other;

void
t0(void)
{
    heddle_thread_may_die(true);
    mine = atomic_load(&value);
    heddle_thread_may_die(false);
}

void
t1(void)
{
    atomic_store(&value, 1);
    atomic_store(&value, 2);
}

void
t2(void)
{
    other = atomic_load(&value);
}

void
post(void)
{
    heddle_assert(!(mine == 2 && other == 1));
}
