/* deadlock "condition wait": a writer that gives up does not take itself off
 * the count of waiting writers, and keeps the readers out for ever. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int readers = 1;
static int writers_waiting;
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
    int error = 0;

    pthread_mutex_lock(&lock);
    writers_waiting++;
    while (readers > 0 && error == 0) {
        error = pthread_cond_timedwait(&changed, &lock, &soon);
    }
    if (error == 0) {
        writers_waiting--;
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    while (writers_waiting > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void
t2(void)
{
    pthread_mutex_lock(&lock);
    readers--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
