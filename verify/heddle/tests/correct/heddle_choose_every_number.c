/* clean, 12 executions: one of three by one thread, one of four by another. */
#include <heddle.h>

void
t0(void)
{
    heddle_assert(heddle_choose(3) < 3);
}

void
t1(void)
{
    heddle_assert(heddle_choose(4) < 4);
}
