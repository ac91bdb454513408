/* clean, 3 executions: one of three wins; the others' failing attempts only
 * look, and commute. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int winner;
static int wins[4];

static void
try_as(int number)
{
    int nobody = 0;

    if (atomic_compare_exchange_strong_explicit(&winner, &nobody, number,
                                                memory_order_acq_rel,
                                                memory_order_relaxed)) {
        wins[number] = 1;
    } else {
        heddle_assert(nobody != 0 && nobody != number);
    }
}

void
t0(void)
{
    try_as(1);
}

void
t1(void)
{
    try_as(2);
}

void
t2(void)
{
    try_as(3);
}

void
post(void)
{
    heddle_assert(wins[1] + wins[2] + wins[3] == 1);
}
