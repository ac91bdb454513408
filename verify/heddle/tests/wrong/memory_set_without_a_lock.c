/* race "ordered": memset meets a write into the middle. */
#include <heddle.h>
#include <string.h>

char shared[64];
static volatile size_t length = sizeof(shared);

void
t0(void)
{
    memset(shared, 0, length);
}

void
t1(void)
{
    shared[40] = 1;
}
