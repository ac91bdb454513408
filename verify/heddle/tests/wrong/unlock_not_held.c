/* expect: misuse */
/* A mutex is unlocked by a thread that does not hold it. */

#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void
t0(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}
void t1(void) { pthread_mutex_unlock(&lock); }
