/* misuse "does not hold": the trylock failed, the unlock comes all the same. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    (void)pthread_mutex_trylock(&lock);
    pthread_mutex_unlock(&lock);
}
