/* expect: misuse */
/* A mutex is used after it was destroyed. */

#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void
t0(void)
{
    pthread_mutex_destroy(&lock);
    pthread_mutex_lock(&lock);
}
