/* clean: an error-checking mutex tells its owner of a second lock, and the
 * others that they do not hold it. */
#define _GNU_SOURCE
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

void
t0(void)
{
    heddle_assert(pthread_mutex_lock(&lock) == 0);
    heddle_assert(pthread_mutex_lock(&lock) == EDEADLK);
    heddle_assert(pthread_mutex_trylock(&lock) == EBUSY);
    heddle_assert(pthread_mutex_unlock(&lock) == 0);
}

void
t1(void)
{
    heddle_assert(pthread_mutex_unlock(&lock) == EPERM);
}
