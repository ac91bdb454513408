#include "contender.h"

#include <errno.h>
#include <pthread.h>

#include "guard.h"
#include "moment.h"

static int
attach(void *memory, uint32_t process)
{
    (void)memory;
    (void)process;
    return 0;
}

static int
rwlock_init_shared(void *memory)
{
    pthread_rwlockattr_t attributes;
    int error = pthread_rwlockattr_init(&attributes);
    if (error == 0) {
        error =
            pthread_rwlockattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    }
    return error != 0 ? error : pthread_rwlock_init(memory, &attributes);
}

static int
rwlock_acquire(void *memory, uint32_t process, bool writes, uint64_t timeout_ns)
{
    struct timespec deadline = moment_deadline(moment_now_ns() + timeout_ns);
    (void)process;
    return writes
               ? pthread_rwlock_clockwrlock(memory, CLOCK_MONOTONIC, &deadline)
               : pthread_rwlock_clockrdlock(memory, CLOCK_MONOTONIC, &deadline);
}

static void
rwlock_release(void *memory, uint32_t process, bool writes)
{
    (void)process;
    (void)writes;
    (void)pthread_rwlock_unlock(memory);
}

const struct contender contender_rwlock = {
    .name = "`pthread_rwlock_t`",
    .init = rwlock_init_shared,
    .attach = attach,
    .acquire = rwlock_acquire,
    .release = rwlock_release,
};

static int
mutex_init(void *memory)
{
    return guard_init(memory);
}

/* Readers exclude each other here: a mutex has no other way. */
static int
mutex_acquire(void *memory, uint32_t process, bool writes, uint64_t timeout_ns)
{
    struct timespec deadline = moment_deadline(moment_now_ns() + timeout_ns);
    (void)process;
    (void)writes;
    int error = pthread_mutex_clocklock(memory, CLOCK_MONOTONIC, &deadline);
    return error == EOWNERDEAD ? pthread_mutex_consistent(memory) : error;
}

static void
mutex_release(void *memory, uint32_t process, bool writes)
{
    (void)process;
    (void)writes;
    (void)pthread_mutex_unlock(memory);
}

const struct contender contender_mutex = {
    .name = "`pthread_mutex_t`, robust (no readers together)",
    .init = mutex_init,
    .attach = attach,
    .acquire = mutex_acquire,
    .release = mutex_release,
};
