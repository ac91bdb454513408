/* clean: a clock read later shows no less, whoever sleeps meanwhile. */
#include <heddle.h>
#include <time.h>

void
t0(void)
{
    struct timespec before;
    struct timespec after;

    clock_gettime(CLOCK_MONOTONIC, &before);
    clock_gettime(CLOCK_MONOTONIC, &after);
    heddle_assert(after.tv_sec > before.tv_sec ||
                  (after.tv_sec == before.tv_sec &&
                   after.tv_nsec >= before.tv_nsec));
}

void
t1(void)
{
    struct timespec length = {3, 0};
    struct timespec before;
    struct timespec after;

    clock_gettime(CLOCK_REALTIME, &before);
    heddle_assert(nanosleep(&length, NULL) == 0);
    clock_gettime(CLOCK_REALTIME, &after);
    heddle_assert(after.tv_sec >= before.tv_sec + 3);
}
