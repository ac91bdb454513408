/* expect: clean */
/* Tries and timed locks of a rwlock. */

#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int value;
void
t0(void)
{
    if (pthread_rwlock_trywrlock(&lock) == 0) {
        value++;
        pthread_rwlock_unlock(&lock);
    }
}
void
t1(void)
{
    struct timespec until;
    int error;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    error = pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &until);
    heddle_assert(error == 0 || error == ETIMEDOUT);
    if (error == 0) {
        value++;
        pthread_rwlock_unlock(&lock);
    }
}
void
t2(void)
{
    if (pthread_rwlock_tryrdlock(&lock) == 0) {
        heddle_assert(value <= 2);
        pthread_rwlock_unlock(&lock);
    }
}
