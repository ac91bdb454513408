/* assertion "after.tv_sec - before.tv_sec < 2": any time may pass between two
 * looks at the clock while another thread sleeps. */
#include <heddle.h>
#include <time.h>
#include <unistd.h>

void
t0(void)
{
    struct timespec before;
    struct timespec after;

    clock_gettime(CLOCK_MONOTONIC, &before);
    clock_gettime(CLOCK_MONOTONIC, &after);
    heddle_assert(after.tv_sec - before.tv_sec < 2);
}

void
t1(void)
{
    usleep(5000000);
}
