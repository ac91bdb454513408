#include "guard.h"

#include <assert.h>
#include <errno.h>

#define NS_PER_S 1000000000L

int
guard_init(pthread_mutex_t *guard)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error != 0) {
        return error;
    }
    error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0) {
        error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    if (error == 0) {
        error = pthread_mutex_init(guard, &attributes);
    }
    (void)pthread_mutexattr_destroy(&attributes);
    return error;
}

void
guard_fini(pthread_mutex_t *guard)
{
    int error = pthread_mutex_destroy(guard);
    assert(error == 0);
}

bool
guard_locked(pthread_mutex_t *guard, int error)
{
    if (error != EOWNERDEAD) {
        assert(error == 0);
        return false;
    }
    error = pthread_mutex_consistent(guard);
    assert(error == 0);
    return true;
}

bool
guard_lock(pthread_mutex_t *guard)
{
    return guard_locked(guard, pthread_mutex_lock(guard));
}

bool
guard_lock_shared(pthread_mutex_t *guard, void (*now)(struct timespec *now))
{
    if (now == NULL) {
        return guard_lock(guard);
    }
    int error = pthread_mutex_trylock(guard);
    while (error == EBUSY || error == ETIMEDOUT) {
        struct timespec nap = guard_nap_end(now, GUARD_NAP_NS);
        error = pthread_mutex_clocklock(guard, CLOCK_MONOTONIC, &nap);
    }
    return guard_locked(guard, error);
}

void
guard_unlock(pthread_mutex_t *guard)
{
    int error = pthread_mutex_unlock(guard);
    assert(error == 0);
}

struct timespec
guard_nap_end(void (*now)(struct timespec *now), long nap_ns)
{
    struct timespec end;
    now(&end);
    end.tv_nsec += nap_ns;
    end.tv_sec += end.tv_nsec / NS_PER_S;
    end.tv_nsec %= NS_PER_S;
    return end;
}
