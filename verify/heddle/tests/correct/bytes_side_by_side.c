/* clean, 1 execution: neighbouring bytes are different objects. */
#include <heddle.h>

static char byte[2];

void
t0(void)
{
    byte[0] = 1;
}

void
t1(void)
{
    byte[1] = 1;
}
