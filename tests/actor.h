#ifndef DIPC_ACTOR_H
#define DIPC_ACTOR_H

/*
 * An actor: a thread that does one step at a time, when it is told to.
 *
 * Idea.  A test of threads is a script: start a named step of an actor, wait
 * until the lock itself says that the actor is queued (actor_await_state),
 * start the next.  Nothing is ordered by sleeping, and results come back to
 * the main thread, where alone cmocka may assert.
 *
 * Who may call.  The test's main thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "seat.h"

/* How long a script waits for what must happen, before it fails. */
#define ACTOR_PATIENCE_S 30

struct actor {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int (*step)(void *argument); /* under mutex; NULL when idle */
    void *argument;              /* under mutex */
    int result;                  /* under mutex */
    bool leaving;                /* under mutex */
};

void actor_init(struct actor *actor);

/* End the thread.  With a seat or a guard of its own, that is a death. */
void actor_fini(struct actor *actor);

/* Begin a step, and do not wait for it. */
void actor_start(struct actor *actor, int (*step)(void *), void *argument);

/* Wait for the step's end; its result. */
int actor_finish(struct actor *actor);

/* Start and finish. */
int actor_do(struct actor *actor, int (*step)(void *), void *argument);

/* Has the step not ended yet? */
bool actor_is_busy(struct actor *actor);

/* Wait until the seat says that its owner is in this state. */
void actor_await_state(const struct seat_table *seats, uint32_t seat,
                       enum seat_state state);

/*
 * Let the deadline of a seat that sleeps under this guard pass, now.  Its sleep
 * must have one, however far: so a script decides when a time-out happens.
 */
void
actor_expire(struct seat_table *seats, uint32_t seat, pthread_mutex_t *guard);

/*
 * From now on call these first whenever a seat is about to sleep, until this
 * deadline, and whenever one is woken; NULL: nothing.  The guard is held.
 * Context: no actor sleeps or wakes meanwhile.
 */
void actor_watch_parking(void (*sleeps)(const struct timespec *deadline,
                                        void *argument),
                         void (*wakes)(void *argument), void *argument);

/* CLOCK_MONOTONIC, so many milliseconds from now. */
struct timespec actor_deadline_ms(long milliseconds);

/* Does this function, in a process of its own, end by an assertion? */
bool actor_aborts(void (*function)(void *argument), void *argument);

#endif
