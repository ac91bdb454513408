/* race "ordered": after the time-out the data is written all the same. */
#include <heddle.h>
#include <time.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int data;

void
t0(void)
{
    pthread_rwlock_rdlock(&lock);
    heddle_state((unsigned)data);
    pthread_rwlock_unlock(&lock);
}

void
t1(void)
{
    struct timespec soon;
    int error;

    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    error = pthread_rwlock_timedwrlock(&lock, &soon);
    data++;
    if (error == 0) {
        pthread_rwlock_unlock(&lock);
    }
}
