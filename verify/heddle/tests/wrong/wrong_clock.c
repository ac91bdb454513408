/* expect: deadlock */
/* A deadline of the wrong clock is decades away. */

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
}
void
t0(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&lock);
    pthread_cond_timedwait(&cond, &lock, &until);
    pthread_mutex_unlock(&lock);
}
