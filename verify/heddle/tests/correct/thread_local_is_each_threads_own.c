/* clean, 1 execution: __thread variables are not shared, start with their
 * initial value in every thread, and need no order. */
#include <heddle.h>

static __thread int number = 7;
static __thread char text[8];

static void
use(int by)
{
    heddle_assert(number == 7);
    heddle_assert(text[0] == 0);
    number += by;
    text[0] = (char)by;
    heddle_assert(number == 7 + by);
    heddle_assert(text[0] == by);
}

void
t0(void)
{
    use(1);
}

void
t1(void)
{
    use(2);
}
