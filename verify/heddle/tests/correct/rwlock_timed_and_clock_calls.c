/* clean: all four timed calls give the lock, or say that the time is up. */
#define _GNU_SOURCE
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct timespec real_soon;
static struct timespec soon;
static int data;

static void
had(int error, int by)
{
    heddle_assert(error == 0 || error == ETIMEDOUT);
    if (error == 0) {
        data += by;
        pthread_rwlock_unlock(&lock);
    }
}

void
pre(void)
{
    clock_gettime(CLOCK_REALTIME, &real_soon);
    clock_gettime(CLOCK_MONOTONIC, &soon);
    real_soon.tv_sec++;
    soon.tv_sec++;
}

void
t0(void)
{
    pthread_rwlock_wrlock(&lock);
    data++;
    pthread_rwlock_unlock(&lock);
}

void
t1(void)
{
    had(pthread_rwlock_timedwrlock(&lock, &real_soon), 1);
    had(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &soon), 1);
    had(pthread_rwlock_timedrdlock(&lock, &real_soon), 0);
    had(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &soon), 0);
}
