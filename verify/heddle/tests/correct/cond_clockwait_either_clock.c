/* clean: pthread_cond_clockwait goes by the clock that it is given. */
#define _GNU_SOURCE
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void
wait_by(clockid_t clock_id)
{
    struct timespec soon;
    struct timespec now;
    int error = 0;

    clock_gettime(clock_id, &soon);
    soon.tv_sec++;
    pthread_mutex_lock(&lock);
    while (error == 0) {
        error = pthread_cond_clockwait(&changed, &lock, clock_id, &soon);
    }
    pthread_mutex_unlock(&lock);
    heddle_assert(error == ETIMEDOUT);
    clock_gettime(clock_id, &now);
    heddle_assert(now.tv_sec >= soon.tv_sec);
}

void
t0(void)
{
    wait_by(CLOCK_MONOTONIC);
}

void
t1(void)
{
    wait_by(CLOCK_REALTIME);
}
