/*
 * pthread_mutex_clocklock for builds with ThreadSanitizer, which does not know
 * it: by the calls that it knows.  Linked in its place by -Wl,--wrap.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>

int __wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *deadline);

static bool
has_passed(clockid_t clock, const struct timespec *deadline)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return now.tv_sec != deadline->tv_sec ? now.tv_sec > deadline->tv_sec
                                          : now.tv_nsec >= deadline->tv_nsec;
}

int
__wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                               const struct timespec *deadline)
{
    for (;;) {
        int error = pthread_mutex_trylock(mutex);
        if (error != EBUSY || has_passed(clock, deadline)) {
            return error == EBUSY ? ETIMEDOUT : error;
        }
        (void)sched_yield();
    }
}
