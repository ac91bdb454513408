/* race "ordered": after the time-out the data is used without the lock. */
#define _GNU_SOURCE
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int data;

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
    struct timespec soon;
    int error;

    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_nsec = 0;
    soon.tv_sec++;
    error = pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &soon);
    data++;
    if (error == 0) {
        pthread_mutex_unlock(&lock);
    }
}
