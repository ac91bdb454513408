/* clean, 1 execution: a hundred nested calls are no overflow. */
#include <heddle.h>

static int
deeper(int left)
{
    volatile char room[512];

    room[0] = 1;
    return left == 0 ? 0 : deeper(left - 1) + room[0];
}

void
t0(void)
{
    heddle_assert(deeper(100) == 100);
}
