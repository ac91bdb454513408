/* misuse "does not hold": the try failed, the unlock comes all the same. */
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
    (void)pthread_rwlock_trywrlock(&lock);
    pthread_rwlock_unlock(&lock);
}
