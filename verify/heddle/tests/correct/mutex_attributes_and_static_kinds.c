/* clean, 1 execution: every attribute is given back as it was set; one
 * thread, no order to choose. */
#define _GNU_SOURCE
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t nested = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t strict = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

void
t0(void)
{
    pthread_mutexattr_t attributes;
    int got;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_gettype(&attributes, &got);
    heddle_assert(got == PTHREAD_MUTEX_DEFAULT);
    pthread_mutexattr_getrobust(&attributes, &got);
    heddle_assert(got == PTHREAD_MUTEX_STALLED);
    pthread_mutexattr_getpshared(&attributes, &got);
    heddle_assert(got == PTHREAD_PROCESS_PRIVATE);
    heddle_assert(pthread_mutexattr_settype(&attributes, 99) == EINVAL);
    pthread_mutexattr_destroy(&attributes);
    pthread_mutex_lock(&nested);
    heddle_assert(pthread_mutex_lock(&nested) == 0);
    pthread_mutex_unlock(&nested);
    pthread_mutex_unlock(&nested);
    pthread_mutex_lock(&strict);
    heddle_assert(pthread_mutex_lock(&strict) == EDEADLK);
    pthread_mutex_unlock(&strict);
    heddle_assert(pthread_mutex_trylock(&plain) == 0);
    heddle_assert(pthread_mutex_trylock(&plain) == EBUSY);
    pthread_mutex_unlock(&plain);
}
