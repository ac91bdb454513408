/* clean: a condition variable with the monotonic clock never ends its wait
 * before the deadline. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;

void
pre(void)
{
    pthread_condattr_t attributes;
    clockid_t clock_id;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_condattr_getclock(&attributes, &clock_id);
    heddle_assert(clock_id == CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void
t0(void)
{
    struct timespec soon;
    struct timespec now;
    int error = 0;

    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_sec += 5;
    pthread_mutex_lock(&lock);
    while (error == 0) {
        error = pthread_cond_timedwait(&changed, &lock, &soon);
    }
    pthread_mutex_unlock(&lock);
    heddle_assert(error == ETIMEDOUT);
    clock_gettime(CLOCK_MONOTONIC, &now);
    heddle_assert(now.tv_sec >= soon.tv_sec);
}

void
post(void)
{
    heddle_assert(pthread_cond_destroy(&changed) == 0);
}
