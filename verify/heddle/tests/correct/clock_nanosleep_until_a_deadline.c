/* clean: an absolute sleep ends at its deadline or later. */
#include <heddle.h>
#include <time.h>

void
t0(void)
{
    struct timespec until;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 100;
    heddle_assert(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
                                  NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &now);
    heddle_assert(now.tv_sec >= until.tv_sec);
}
