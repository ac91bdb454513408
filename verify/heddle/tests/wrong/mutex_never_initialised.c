/* misuse "never initialised": fresh heap memory is not a mutex. */
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
