/* clean: when the time is up, the clock that was named says so; a bad time is
 * refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec soon;

void
pre(void)
{
    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_sec += 2;
}

void
t0(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    struct timespec now;
    struct timespec bad = {0, 1000000000};
    int error = pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &soon);

    if (error == 0) {
        pthread_mutex_unlock(&lock);
        return;
    }
    heddle_assert(error == ETIMEDOUT);
    clock_gettime(CLOCK_MONOTONIC, &now);
    heddle_assert(now.tv_sec >= soon.tv_sec);
    error = pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &bad);
    heddle_assert(error == EINVAL || error == 0);
    if (error == 0) {
        pthread_mutex_unlock(&lock);
    }
}
