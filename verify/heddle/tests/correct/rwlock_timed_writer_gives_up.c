/* clean: a writer that waited in vain lets the readers in that it kept out. */
#define _GNU_SOURCE
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_rwlock_t lock =
    PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

void
pre(void)
{
    pthread_rwlock_rdlock(&lock);
}

void
t0(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    heddle_assert(pthread_rwlock_timedwrlock(&lock, &until) == ETIMEDOUT);
}

void
t1(void)
{
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_unlock(&lock);
}

void
post(void)
{
    heddle_assert(pthread_rwlock_tryrdlock(&lock) == 0);
    pthread_rwlock_unlock(&lock);
    pthread_rwlock_unlock(&lock);
    heddle_assert(pthread_rwlock_trywrlock(&lock) == 0);
    pthread_rwlock_unlock(&lock);
}
