/* clean, 3 executions: the timed lock is had before the other's or after it,
 * or its time is up between. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec soon;
static int data;

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
    data++;
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    int error = pthread_mutex_timedlock(&lock, &soon);

    if (error == 0) {
        data++;
        pthread_mutex_unlock(&lock);
    } else {
        heddle_assert(error == ETIMEDOUT);
    }
}
