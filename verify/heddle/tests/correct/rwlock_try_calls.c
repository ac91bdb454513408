/* clean: what the two try calls give is what the holder's kind allows. */
#include <errno.h>
#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

void
t0(void)
{
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_unlock(&lock);
}

void
t1(void)
{
    heddle_assert(pthread_rwlock_tryrdlock(&lock) == 0);
    heddle_assert(pthread_rwlock_trywrlock(&lock) == EBUSY);
    pthread_rwlock_unlock(&lock);
    if (pthread_rwlock_trywrlock(&lock) == 0) {
        heddle_assert(pthread_rwlock_tryrdlock(&lock) == EBUSY);
        heddle_assert(pthread_rwlock_trywrlock(&lock) == EBUSY);
        heddle_assert(pthread_rwlock_wrlock(&lock) == EDEADLK);
        pthread_rwlock_unlock(&lock);
    }
}
