/* race "ordered": that one thread sleeps an hour orders nothing. */
#include <heddle.h>
#include <unistd.h>

static int data;

void
t0(void)
{
    data = 1;
}

void
t1(void)
{
    sleep(3600);
    heddle_state((unsigned)data);
}
