/* crash "overflows its stack": a recursion without end. */
#include <heddle.h>

static volatile int depth;

static int
deeper(int by)
{
    volatile char room[512];

    room[0] = (char)by;
    depth++;
    return deeper(by + 1) + room[0];
}

void
t0(void)
{
    heddle_state((unsigned)deeper(0));
}
