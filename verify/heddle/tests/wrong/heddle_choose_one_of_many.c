/* assertion "heddle_choose(100) != 77": one of a hundred choices fails. */
#include <heddle.h>

void
t0(void)
{
    heddle_assert(heddle_choose(100) != 77);
}
