/* expect: clean */
/* A deadline of the condition variable's clock comes. */

#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
void
pre(void)
{
    pthread_condattr_t with;
    pthread_condattr_init(&with);
    pthread_condattr_setclock(&with, CLOCK_MONOTONIC);
    pthread_cond_init(&cond, &with);
    pthread_condattr_destroy(&with);
}
void
t0(void)
{
    struct timespec until;
    struct timespec later;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&lock);
    heddle_assert(pthread_cond_timedwait(&cond, &lock, &until) == ETIMEDOUT);
    pthread_mutex_unlock(&lock);
    clock_gettime(CLOCK_MONOTONIC, &later);
    heddle_assert(later.tv_sec >= until.tv_sec);
    pthread_cond_destroy(&cond);
}
