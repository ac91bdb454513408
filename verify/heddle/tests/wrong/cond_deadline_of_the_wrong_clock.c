/* assertion "now.tv_sec >= soon.tv_sec": the deadline is of the monotonic
 * clock, the wait goes by the real one, for which it is long past. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void
t0(void)
{
    struct timespec soon;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_sec += 5;
    pthread_mutex_lock(&lock);
    while (pthread_cond_timedwait(&changed, &lock, &soon) != ETIMEDOUT) {
        continue;
    }
    pthread_mutex_unlock(&lock);
    clock_gettime(CLOCK_MONOTONIC, &now);
    heddle_assert(now.tv_sec >= soon.tv_sec);
}
