#ifndef DIPC_WATCH_H
#define DIPC_WATCH_H

/*
 * A watch: where threads sleep until a version has risen above one they know.
 *
 * Idea.  A watcher lists itself, looks at the version once more, and sleeps.
 * A writer publishes the version, and only then looks whether anybody is
 * listed; usually nobody is, and that costs it one load.  Publication and count
 * are both accessed in sequentially consistent order, so that either the
 * watcher sees the new version or the writer sees the watcher.  Only watchers
 * that the new version satisfies are woken.  A watcher holds no lock.  It also
 * looks by itself every WATCH_NAP_NS, for the writer may have died between the
 * two.  A dead watcher harms nobody; its seat is free again with the next
 * publication, or when seats run short.
 *
 * Invariants, whenever the guard is free:
 *   L3 no lost wake-up  a listed watcher's version has not been passed, but
 *                       for a publication whose watch_notify is under way
 *   L4 clean departure  exactly the seats that say so are listed
 *
 * Who may call.  The owner of an idle seat (wait); the writer that published
 * (notify); any thread (cancel, check).
 *
 * Lock order.  The guard is innermost: nothing is taken while it is held.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "seat.h"

/* How long a watcher sleeps before it looks at the version by itself. */
#define WATCH_NAP_NS 500000000L

struct watch {
    _Alignas(64) pthread_mutex_t guard;
    struct seat_list watchers; /* in order of arrival; under guard */
    _Atomic uint32_t count;    /* watchers.count, written under guard */
    uint32_t place;            /* what seats call it; const after init */
    uint32_t padding[2];
    _Atomic uint64_t recoveries; /* raised under guard */
    uint8_t padding_end[48];
};

static_assert(sizeof(struct watch) % 64 == 0, "watches share no cache line");

/* Errors: what pthread_mutex_init returns. */
int watch_init(struct watch *watch, uint32_t place)
    __attribute__((warn_unused_result));

/* Context: nobody watches. */
void watch_fini(struct watch *watch);

/*
 * Wait until *version is greater than `above`.
 *   deadline  absolute, CLOCK_MONOTONIC; NULL waits for ever
 * Context:  the owner of the seat, which is idle; blocks until the deadline.
 * Errors:   ETIMEDOUT  nothing newer by the deadline
 *           ECANCELED  the seat is cancelled and would have had to wait
 */
int
watch_wait(struct seat_table *seats, struct watch *watch, uint32_t seat,
           const _Atomic uint64_t *version, uint64_t above,
           const struct timespec *deadline) __attribute__((warn_unused_result));

/*
 * Wake whoever waits for a version below `version`.
 * Context:  after a sequentially consistent store of the version.
 */
void
watch_notify(struct seat_table *seats, struct watch *watch, uint64_t version);

/* As rwlock_cancel.  Context: any thread that holds no guard. */
void watch_cancel(struct seat_table *seats, struct watch *watch, uint32_t seat);

/* Assert L4.  Context: any thread that holds no guard. */
void watch_check(struct seat_table *seats, struct watch *watch);

/* As rwlock_recover and rwlock_bury. */
void watch_recover(struct seat_table *seats, struct watch *watch);
void watch_bury(struct seat_table *seats, struct watch *watch, uint32_t seat);

#endif
