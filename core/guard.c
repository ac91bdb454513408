#include "guard.h"

#include <assert.h>
#include <errno.h>

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

void
guard_unlock(pthread_mutex_t *guard)
{
    int error = pthread_mutex_unlock(guard);
    assert(error == 0);
}
