/* misuse "does not hold": a reader's lock is given back by another thread. */
#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

void
pre(void)
{
    pthread_rwlock_rdlock(&lock);
}

void
t0(void)
{
    pthread_rwlock_unlock(&lock);
}
