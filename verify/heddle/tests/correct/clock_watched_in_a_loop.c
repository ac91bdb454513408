/* clean: a loop that watches the clock comes to its end; no real time goes. */
#include <heddle.h>
#include <time.h>

void
t0(void)
{
    struct timespec now;
    time_t until;

    clock_gettime(CLOCK_MONOTONIC, &now);
    until = now.tv_sec + 3600;
    while (now.tv_sec < until) {
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
}
