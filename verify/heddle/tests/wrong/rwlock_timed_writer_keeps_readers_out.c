/* assertion "got == 0": while a writer waits with a deadline for a lock that
 * lets writers go first, a reader that only tries is kept out. */
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

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    heddle_assert(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &until) ==
                  ETIMEDOUT);
}

void
t1(void)
{
    int got = pthread_rwlock_tryrdlock(&lock);

    heddle_assert(got == 0);
    pthread_rwlock_unlock(&lock);
}

void
post(void)
{
    pthread_rwlock_unlock(&lock);
}
