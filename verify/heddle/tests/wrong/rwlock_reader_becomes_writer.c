/* deadlock "waits in wrlock": who asks for the write lock still holds the
 * lock as a reader. */
#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

void
t0(void)
{
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_wrlock(&lock);
    pthread_rwlock_unlock(&lock);
    pthread_rwlock_unlock(&lock);
}
