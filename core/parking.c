#include "parking.h"

#include <assert.h>
#include <errno.h>

int
parking_init(struct parking *parking)
{
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error != 0) {
        return error;
    }
    error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (error == 0) {
        error = pthread_cond_init(&parking->condition, &attributes);
    }
    (void)pthread_condattr_destroy(&attributes);
    return error;
}

void
parking_fini(struct parking *parking)
{
    int error = pthread_cond_destroy(&parking->condition);
    assert(error == 0);
}

int
parking_wait(struct parking *parking, pthread_mutex_t *guard,
             const struct timespec *deadline)
{
    if (deadline == NULL) {
        return pthread_cond_wait(&parking->condition, guard);
    }
    return pthread_cond_timedwait(&parking->condition, guard, deadline);
}

void
parking_wake(struct parking *parking)
{
    int error = pthread_cond_signal(&parking->condition);
    assert(error == 0);
}
