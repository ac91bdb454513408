#ifndef DIPC_RWLOCK_H
#define DIPC_RWLOCK_H

/*
 * A fair, timed reader-writer lock that lives in shared memory.
 *
 * Idea.  Every acquirer takes a ticket.  One that finds nobody queued and is
 * compatible with the holders holds at once; the others stand in one queue, in
 * the order of the tickets.  Whenever something changes (a release, a
 * departure, a death) whoever holds the guard admits from the head of the queue
 * as long as the head is compatible with the holders: a writer when nobody
 * holds, a reader when no writer does.  So neighbouring readers are admitted
 * together, a reader behind a queued writer waits, and nobody is ever
 * overtaken.  The admitting thread does all the bookkeeping and then wakes
 * exactly the threads it admitted: an acquirer that wakes up already holds the
 * lock.  A release wakes the last of them once the guard is free, which a woken
 * thread wants first; should it die in between, that thread wakes by itself.
 *
 * The seat says what its owner is about; queue, holders and counts are derived
 * from the seats (see seat.h).  Whoever must wait looks first whether a holder
 * or the head of the queue is dead, removes the dead and admits anew; sleepers
 * look again every RWLOCK_NAP_HEAD_NS (the head of the queue) or RWLOCK_NAP_NS
 * (the others), and before they give up; the dead at the head are passed over.
 * A guard whose owner died inside is locked by the next one, which makes lists
 * and counts anew from the seats and wakes whoever was admitted and perhaps not
 * told.
 *
 * Invariants, whenever the guard is free:
 *   L1 exclusion       a writer holds alone; readers hold together
 *   L2 order           admission follows ticket order: the queue's tickets
 *                      rise, and every holder's is below every queued one's
 *   L3 no lost wake-up if the head of the queue is admissible, it has been
 *                      admitted
 *   L4 clean departure an acquirer that timed out or was cancelled leaves no
 *                      trace: exactly the seats that say so are queued or hold
 *   L5 recovery        after any seat's death at any instruction, every live
 *                      waiter whose deadline allows is admitted: at once by the
 *                      next acquirer that must wait, at the latest after a nap
 *
 * Who may call.  The owner of a seat that is idle (rdlock, wrlock) or holds
 * this lock (unlock).  Not recursive.  Never from a signal handler.
 *
 * Lock order.  The guard is innermost: nothing is taken while it is held.
 *
 * Source.  The ticket queue is that of D. P. Reed and R. K. Kanodia,
 * "Synchronization with Eventcounts and Sequencers", CACM 22(2), 1979; its use
 * for readers and writers follows J. M. Mellor-Crummey and M. L. Scott,
 * "Scalable Reader-Writer Synchronization", PPoPP 1991 (the fair variant).
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "seat.h"

/* How long a sleeper sleeps before it looks for the dead. */
#define RWLOCK_NAP_HEAD_NS 50000000L
#define RWLOCK_NAP_NS 500000000L

struct rwlock {
    _Alignas(64) pthread_mutex_t guard;
    uint64_t next_ticket;     /* under guard */
    struct seat_list queue;   /* waiting, by ticket; under guard */
    struct seat_list holders; /* in order of admission; under guard */
    uint32_t writers;         /* holders that write: 0 or 1; under guard */
    uint32_t place;           /* what seats call this lock; const after init */
    _Atomic uint64_t recoveries; /* raised under guard */
    uint8_t padding[24];
};

static_assert(sizeof(struct rwlock) % 64 == 0, "locks share no cache line");

/* How many hold and how many wait, all at one moment. */
struct rwlock_counts {
    uint32_t readers;
    uint32_t writers;
    uint32_t waiting;
};

/*
 * Make a free lock in the caller's memory.
 *   place     any number that no other lock of these seats has,
 *             not SEAT_NOWHERE
 * Errors:   what pthread_mutex_init returns
 */
int rwlock_init(struct rwlock *lock, uint32_t place)
    __attribute__((warn_unused_result));

/* Context: nobody holds the lock or waits for it. */
void rwlock_fini(struct rwlock *lock);

/*
 * Acquire for reading, or for writing.
 *   deadline  absolute, CLOCK_MONOTONIC; NULL waits for ever; one that has
 *             passed still takes a lock that is to be had at once
 * Context:  the owner of the seat, which is idle; blocks until the deadline.
 * Errors:   ETIMEDOUT  not had by the deadline
 *           ECANCELED  the seat is cancelled and would have had to wait
 */
int rwlock_rdlock(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
                  const struct timespec *deadline)
    __attribute__((warn_unused_result));
int rwlock_wrlock(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
                  const struct timespec *deadline)
    __attribute__((warn_unused_result));

/* Context: the owner of the seat, which holds this lock. */
void
rwlock_unlock(struct seat_table *seats, struct rwlock *lock, uint32_t seat);

/*
 * The other half of a cancellation, after seat_mark_cancelled told that the
 * seat may be asleep at this lock's place: wake it if it is.
 * Context:  any thread that holds no guard.
 */
void
rwlock_cancel(struct seat_table *seats, struct rwlock *lock, uint32_t seat);

/*
 * Remove all the dead, admit, and wake whoever was admitted and perhaps not
 * told.  Context: any thread that holds no guard.
 */
void rwlock_recover(struct seat_table *seats, struct rwlock *lock);

/*
 * After seat_take said EOWNERDEAD and the seat's place is this lock: remove
 * what its last owner left here.  The seat is idle then, and the caller's.
 */
void rwlock_bury(struct seat_table *seats, struct rwlock *lock, uint32_t seat);

/*
 * Sit down, where all seats of the table are for this lock alone: take a seat,
 * remove the dead when they have all the seats, and what the last owner of this
 * one left at the lock.
 *   hint  as of seat_take
 * Context:  any thread that holds no guard and has no seat.
 * Errors:   EAGAIN  the living have all the seats
 *           any other of seat_take, but EOWNERDEAD
 */
int rwlock_sit(struct seat_table *seats, struct rwlock *lock, uint32_t hint,
               uint32_t *seat) __attribute__((warn_unused_result));

/* Context: any thread that holds no guard. */
struct rwlock_counts
rwlock_count(struct seat_table *seats, struct rwlock *lock);

/* Assert L1 to L4.  Context: any thread that holds no guard. */
void rwlock_check(struct seat_table *seats, struct rwlock *lock);

#endif
