#ifndef DIPC_PARKING_H
#define DIPC_PARKING_H

/*
 * A parking place: how one thread sleeps until another wakes it.
 *
 * Idea.  Each seat has one, and only the seat's owner ever sleeps there, so
 * that a wake-up reaches exactly the thread it is meant for.  There are two
 * kinds, and a segment is of one kind for life:
 *
 *   PARKING_CONDITION  a condition variable on CLOCK_MONOTONIC, waited on with
 *                      the guard of whatever the seat waits for.  For threads
 *                      of one process.  There is one waiter, so that no other
 *                      can steal its wake-up.
 *   PARKING_FUTEX      a word that a waker raises before it wakes whoever
 *                      sleeps on the old value.  For processes: a condition
 *                      variable keeps a lock of its own inside, which a process
 *                      killed in pthread_cond_signal leaves locked for ever; a
 *                      word cannot be left locked.  The sleeper reads the word
 *                      under the guard and sleeps only while it is unchanged,
 *                      so a wake-up between the two is not lost.
 *
 * A waker that dies before it has woken is covered by whoever sleeps: no sleep
 * is longer than the caller's next look (see seat_sleep).
 *
 * Who may call.  parking_wait: the seat's owner, holding the guard.
 * parking_wake: any thread that has changed, under the same guard, what the
 * owner waits for; it need not hold the guard any more.
 *
 * Source.  U. Drepper, "Futexes Are Tricky", 2011, for the word.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

enum parking_kind { PARKING_CONDITION, PARKING_FUTEX };

/* Which member is alive follows from the kind, which the caller knows. */
union parking {
    pthread_cond_t condition; /* under the guard of the seat's place */
    _Atomic uint32_t word;    /* raised by wakers; read by the owner */
};

/* Errors: what pthread_cond_init returns. */
int parking_init(union parking *parking, enum parking_kind kind)
    __attribute__((warn_unused_result));
void parking_fini(union parking *parking, enum parking_kind kind);

/*
 * Let go of the guard, sleep, take the guard again.  May return 0 for no
 * reason: wait in a loop on the condition that matters.
 *   deadline  absolute, CLOCK_MONOTONIC; NULL waits for ever
 *   now       as for guard_lock_shared; PARKING_CONDITION needs none
 * Errors:   ETIMEDOUT   the deadline has passed
 *           EOWNERDEAD  the last owner of the guard died with it: as when
 *                       guard_lock answers true
 */
int parking_wait(union parking *parking, enum parking_kind kind,
                 pthread_mutex_t *guard, const struct timespec *deadline,
                 void (*now)(struct timespec *now))
    __attribute__((warn_unused_result));

void parking_wake(union parking *parking, enum parking_kind kind);

#endif
