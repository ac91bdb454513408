#include "parking.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard.h"

static int
condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error != 0) {
        return error;
    }
    error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (error == 0) {
        error = pthread_cond_init(condition, &attributes);
    }
    (void)pthread_condattr_destroy(&attributes);
    return error;
}

int
parking_init(union parking *parking, enum parking_kind kind)
{
    if (kind == PARKING_FUTEX) {
        atomic_init(&parking->word, 0);
        return 0;
    }
    return condition_init(&parking->condition);
}

void
parking_fini(union parking *parking, enum parking_kind kind)
{
    if (kind == PARKING_CONDITION) {
        int error = pthread_cond_destroy(&parking->condition);
        assert(error == 0);
    }
}

static int
condition_wait(pthread_cond_t *condition, pthread_mutex_t *guard,
               const struct timespec *deadline)
{
    int error = deadline == NULL
                    ? pthread_cond_wait(condition, guard)
                    : pthread_cond_timedwait(condition, guard, deadline);
    if (error == ETIMEDOUT) {
        return error;
    }
    return guard_locked(guard, error) ? EOWNERDEAD : 0;
}

/*
 * FUTEX_WAIT_BITSET takes an absolute deadline on CLOCK_MONOTONIC.  An
 * interruption or a changed word is an early return; so is any other answer.
 */
static int
futex_wait(_Atomic uint32_t *word, uint32_t value,
           const struct timespec *deadline)
{
    long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, deadline,
                          NULL, FUTEX_BITSET_MATCH_ANY);
    return result != 0 && errno == ETIMEDOUT ? ETIMEDOUT : 0;
}

static int
word_wait(_Atomic uint32_t *word, pthread_mutex_t *guard,
          const struct timespec *deadline, void (*now)(struct timespec *now))
{
    uint32_t value = atomic_load(word);
    guard_unlock(guard);
    int error = futex_wait(word, value, deadline);
    return guard_lock_shared(guard, now) ? EOWNERDEAD : error;
}

int
parking_wait(union parking *parking, enum parking_kind kind,
             pthread_mutex_t *guard, const struct timespec *deadline,
             void (*now)(struct timespec *now))
{
    if (kind == PARKING_FUTEX) {
        return word_wait(&parking->word, guard, deadline, now);
    }
    return condition_wait(&parking->condition, guard, deadline);
}

void
parking_wake(union parking *parking, enum parking_kind kind)
{
    if (kind == PARKING_FUTEX) {
        atomic_fetch_add(&parking->word, 1);
        (void)syscall(SYS_futex, &parking->word, FUTEX_WAKE, 1, NULL, NULL, 0);
        return;
    }
    int error = pthread_cond_signal(&parking->condition);
    assert(error == 0);
}
