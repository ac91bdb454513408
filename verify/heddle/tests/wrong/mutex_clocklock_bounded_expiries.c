/* cut: expiries of a timed lock count as those of other waits. */
/* options: --timeouts 1 */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    struct timespec soon = {1001, 0};

    while (pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &soon) != 0) {
        soon.tv_sec++;
    }
    pthread_mutex_unlock(&lock);
}
