/* clean: an unlock without pthread_mutex_consistent makes every later lock
 * fail with ENOTRECOVERABLE, a waiting one too. */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;

static void *
ends_with_it(void *unused)
{
    pthread_mutex_lock(&lock);
    return unused;
}

void
pre(void)
{
    pthread_mutexattr_t attributes;
    pthread_t thread;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
    pthread_create(&thread, NULL, ends_with_it, NULL);
    pthread_join(thread, NULL);
    heddle_assert(pthread_mutex_lock(&lock) == EOWNERDEAD);
    heddle_assert(pthread_mutex_unlock(&lock) == 0);
    heddle_assert(pthread_mutex_consistent(&lock) == EINVAL);
}

void
t0(void)
{
    heddle_assert(pthread_mutex_lock(&lock) == ENOTRECOVERABLE);
}

void
t1(void)
{
    heddle_assert(pthread_mutex_trylock(&lock) == ENOTRECOVERABLE);
}
