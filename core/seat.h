#ifndef DIPC_SEAT_H
#define DIPC_SEAT_H

/*
 * A seat: where one thread waits, and what shows that it lives.
 *
 * Idea.  Whoever wants to use locks or mailboxes sits down first.  A seat has
 * a robust mutex, `alive`, that its owner holds for as long as it sits: a
 * trylock on it answers EBUSY while the owner lives and EOWNERDEAD once it is
 * dead, for threads and processes alike, with no process number that could be
 * used again.  It has a parking place of its own, so that a wake-up reaches
 * exactly the thread that may go on.  And it says what its owner is about:
 * idle, queued on one lock, holding one lock, or watching one mailbox.  What
 * a seat says (state, place, ticket) is the truth about a lock; the lock's
 * lists and counts are derived from it.
 *
 * A seat is in one state only, so nobody holds one lock while it waits for
 * another, and a deadlock among locks cannot be built.
 *
 * Invariants.
 *   T1  state is not SEAT_IDLE only while the owner holds `alive`
 *   T2  place and ticket do not change while state is not SEAT_IDLE
 *   T3  a seat is in exactly the list that its state names: the queue, the
 *       holders or the watchers of its place; an idle seat is in none
 *
 * When an owner dies, its seat keeps saying what the owner was about, until
 * somebody finds it under the guard of that place and removes it.  trylock
 * makes whoever learns of a death the owner of the mutex, so nobody looks but
 * under that guard, or to sit down.
 *
 * Who may call.  Threads that attached the table; functions that take an
 * index of a seat are for the seat's owner alone, unless they say otherwise.
 *
 * Lock order.  A seat's `alive` first (held while seated), then one guard.
 */

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "parking.h"

#define SEAT_NONE UINT32_MAX
#define SEAT_NOWHERE UINT32_MAX

enum seat_state {
    SEAT_IDLE,
    SEAT_QUEUED_READ,
    SEAT_QUEUED_WRITE,
    SEAT_READING,
    SEAT_WRITING,
    SEAT_WATCHING
};

struct seat {
    _Alignas(64) pthread_mutex_t alive; /* robust; the owner's while it sits */
    union parking parking;              /* its owner sleeps here, others wake */
    _Atomic uint32_t state;     /* enum seat_state; under the place's guard */
    _Atomic uint32_t place;     /* which lock or watch; owner, while idle */
    _Atomic uint64_t ticket;    /* turn in the queue; owner, while idle */
    _Atomic uint64_t watched;   /* SEAT_WATCHING: wake above this version */
    _Atomic uint32_t waiting;   /* the place it may sleep at, or SEAT_NOWHERE */
    _Atomic uint32_t cancelled; /* 1: it never sleeps again; any thread */
    uint32_t next;              /* in the place's list; under its guard */
    uint32_t prev;              /* in the place's list; under its guard */
};

static_assert(sizeof(struct seat) % 64 == 0, "seats share no cache line");

/* What all locks and watches of a table count together; in shared memory. */
struct seat_totals {
    _Atomic uint64_t recoveries; /* dead owners removed, guards rebuilt */
};

/* A table of seats as this process sees it.  const after init and attach. */
struct seat_table {
    struct seat *seats;
    struct seat_totals *totals;
    uint32_t count;
    enum parking_kind parking;
    bool checked; /* assert every invariant around every critical section */
    /*
     * CLOCK_MONOTONIC; NULL: sleepers do not look for the dead by themselves.
     * Among processes a table needs one.
     */
    void (*now)(struct timespec *now);
};

/* A doubly linked list of seats, by index.  Guarded by whoever owns it. */
struct seat_list {
    uint32_t head; /* SEAT_NONE when empty */
    uint32_t tail; /* SEAT_NONE when empty */
    uint32_t count;
    uint32_t padding;
};

/*
 * Make seats[0..count), all free, in the memory that table->seats and
 * table->totals lead to.  The caller has filled in the table.
 * Errors:   what pthread_mutex_init and pthread_cond_init return
 */
int
seat_table_init(struct seat_table *table) __attribute__((warn_unused_result));

/* Context: no seat is taken. */
void seat_table_fini(struct seat_table *table);

/*
 * Sit down: take a free seat, looking from `hint` on.
 *   seat      its index, on success and on EOWNERDEAD
 * Context:  any thread; the seat belongs to the calling thread alone.
 * Errors:   EAGAIN      every seat is taken, or was left by a dead owner at a
 *                       place where nobody has noticed yet
 *           EOWNERDEAD  taken, but its last owner died at a place: the caller
 *                       has that place put in order (rwlock_bury, watch_bury)
 *                       before it does anything else with the seat
 */
int seat_take(struct seat_table *table, uint32_t hint, uint32_t *seat)
    __attribute__((warn_unused_result));

/* Stand up.  Context: the owner; the seat is idle. */
void seat_leave(struct seat_table *table, uint32_t seat);

/*
 * Is the owner of this seat, which is not idle, dead?  If so the caller owns
 * the seat now, and removes it from its place and calls seat_free_dead before
 * it lets go of the guard.
 * Context:  the guard of the seat's place is held; not the caller's own seat.
 */
bool seat_is_dead(struct seat_table *table, uint32_t seat)
    __attribute__((warn_unused_result));
void seat_free_dead(struct seat_table *table, uint32_t seat);

/* After EOWNERDEAD from seat_take: the place is in order, the seat idle. */
void seat_settle(struct seat_table *table, uint32_t seat);

/* Count one recovery, in the totals and at the place it happened. */
void seat_count_recovery(struct seat_table *table, _Atomic uint64_t *place);

/*
 * Lock the guard of a place: as guard_lock.  In a table that processes share,
 * and that has a clock, no death can keep the caller asleep.
 */
bool seat_lock_guard(const struct seat_table *table, pthread_mutex_t *guard)
    __attribute__((warn_unused_result));

/*
 * Sleep until woken, at most until the deadline, and at most for nap_ns where
 * the table has a clock: a sleeper looks round for the dead that often.
 * Context:  the owner; `guard`, that of the seat's place, is held.
 * Errors:   ETIMEDOUT   the deadline has passed
 *           EOWNERDEAD  the guard's last owner died with it held: rebuild
 */
int seat_sleep(struct seat_table *table, uint32_t seat, pthread_mutex_t *guard,
               const struct timespec *deadline, long nap_ns)
    __attribute__((warn_unused_result));

/*
 * Wake the seat's owner.
 * Context:  what it waits for was changed under the guard of the seat's place,
 *           which is still held or not.
 */
void seat_wake(struct seat_table *table, uint32_t seat);

struct seat *seat_at(const struct seat_table *table, uint32_t seat);

enum seat_state seat_state(const struct seat_table *table, uint32_t seat);

/* True once seat_mark_cancelled was called and until seat_leave. */
bool seat_is_cancelled(const struct seat_table *table, uint32_t seat);

/*
 * Half of a cancellation: mark the seat, and tell where it may be asleep
 * (SEAT_NOWHERE: it is awake, and sees the mark before it sleeps).  The caller
 * then wakes it under that place's guard: rwlock_cancel, watch_cancel.
 * Context:  any thread.
 */
uint32_t seat_mark_cancelled(struct seat_table *table, uint32_t seat);

/*
 * Enter a state at a place.  The ticket and the place are stored before the
 * state, so that whoever reads a state that is not idle reads its ticket.
 * Context:  the guard of the place is held.
 */
void seat_enter(struct seat_table *table, uint32_t seat, enum seat_state state,
                uint32_t place, uint64_t ticket);
void
seat_set_state(struct seat_table *table, uint32_t seat, enum seat_state state);

void seat_list_init(struct seat_list *list);
void seat_list_append(const struct seat_table *table, struct seat_list *list,
                      uint32_t seat);
/* Before seat `before`, which is in the list; SEAT_NONE appends. */
void seat_list_insert(const struct seat_table *table, struct seat_list *list,
                      uint32_t before, uint32_t seat);
void seat_list_remove(const struct seat_table *table, struct seat_list *list,
                      uint32_t seat);

/*
 * Enter a state at a place, at the end of the list that the state names.
 * Context:  the guard of the place, and of the list, is held.
 */
void seat_arrive(struct seat_table *table, uint32_t seat, enum seat_state state,
                 uint32_t place, uint64_t ticket, struct seat_list *list);

/* Leave that list and be idle; tell what the seat was about.  Context: so. */
enum seat_state seat_depart(struct seat_table *table, uint32_t seat,
                            uint32_t place, struct seat_list *list);

/* Assert that the list's links and count agree.  Context: its guard is held. */
void
seat_list_check(const struct seat_table *table, const struct seat_list *list);

#endif
