/* clean: a timed lock of a robust mutex ends in each of its three ways. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock;
static struct timespec soon;

void
pre(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
}

void
t0(void)
{
    heddle_thread_may_die(true);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    int error = pthread_mutex_timedlock(&lock, &soon);

    heddle_assert(error == 0 || error == EOWNERDEAD || error == ETIMEDOUT);
    if (error == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    if (error != ETIMEDOUT) {
        pthread_mutex_unlock(&lock);
    }
}

void
post(void)
{
    int error = pthread_mutex_timedlock(&lock, &soon);

    heddle_assert(error == 0 || error == EOWNERDEAD);
}
