/* expect: misuse */
/* A mutex in malloc'ed memory, never initialised. */

#include <heddle.h>
#include <stdlib.h>

void
t0(void)
{
    pthread_mutex_t *lock = malloc(sizeof(*lock));
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    free(lock);
}
