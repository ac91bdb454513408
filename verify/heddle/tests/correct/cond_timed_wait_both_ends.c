/* clean, 4 executions: the signal finds nobody; or it wakes the waiter; or
 * the time is up, and the mutex is had again before the signaller has it, or
 * after. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct timespec soon;

void
pre(void)
{
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
}

void
t0(void)
{
    int error;

    pthread_mutex_lock(&lock);
    error = pthread_cond_timedwait(&changed, &lock, &soon);
    heddle_assert(error == 0 || error == ETIMEDOUT);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}
