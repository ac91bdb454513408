/* misuse "does not hold": the lock is given back by a thread that does not
 * have it. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
pre(void)
{
    pthread_mutex_lock(&lock);
}

void
t0(void)
{
    pthread_mutex_unlock(&lock);
}
