/* race "ordered": memcpy is not one step. */
#include <heddle.h>
#include <string.h>

char shared[100];

void
t0(void)
{
    char mine[100];

    memset(mine, 1, sizeof(mine));
    memcpy(shared, mine, sizeof(mine));
}

void
t1(void)
{
    heddle_state((unsigned char)shared[99]);
}
