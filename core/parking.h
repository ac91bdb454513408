#ifndef DIPC_PARKING_H
#define DIPC_PARKING_H

/*
 * A parking place: how one thread sleeps until another wakes it.
 *
 * Idea.  Each seat has one, and only the seat's owner ever sleeps there, so
 * that a wake-up reaches exactly the thread it is meant for.  It is a condition
 * variable on CLOCK_MONOTONIC, waited on with the guard of whatever the seat
 * waits for.  One waiter and a waker that holds the guard leave no room for a
 * wake-up to be stolen by another waiter.
 *
 * Who may call.  parking_wait: the seat's owner, holding the guard.
 * parking_wake: any thread that holds the same guard.
 */

#include <pthread.h>
#include <time.h>

struct parking {
    pthread_cond_t condition; /* under the guard of the seat's place */
};

/* Errors: what pthread_cond_init returns. */
int parking_init(struct parking *parking) __attribute__((warn_unused_result));
void parking_fini(struct parking *parking);

/*
 * Let go of the guard, sleep, take the guard again.  May return 0 for no
 * reason: wait in a loop on the condition that matters.
 *   deadline  absolute, CLOCK_MONOTONIC; NULL waits for ever
 * Errors:   ETIMEDOUT  the deadline has passed
 */
int parking_wait(struct parking *parking, pthread_mutex_t *guard,
                 const struct timespec *deadline)
    __attribute__((warn_unused_result));

void parking_wake(struct parking *parking);

#endif
