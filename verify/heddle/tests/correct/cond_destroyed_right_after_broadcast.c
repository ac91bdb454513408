/* clean: once all waiters have been woken nobody waits, and it may go, even
 * before they have the mutex again; with timed waits just so. */
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool waiting;
static bool gone;
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
    pthread_mutex_lock(&lock);
    if (!gone) {
        waiting = true;
        pthread_cond_timedwait(&changed, &lock, &soon);
        waiting = false;
    }
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    gone = true;
    pthread_cond_broadcast(&changed);
    pthread_cond_destroy(&changed);
    pthread_mutex_unlock(&lock);
}
