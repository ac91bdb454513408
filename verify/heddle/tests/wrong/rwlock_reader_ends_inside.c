/* misuse "ends while it holds a rwlock": a reader returns without unlocking. */
#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

void
t0(void)
{
    pthread_rwlock_rdlock(&lock);
}
