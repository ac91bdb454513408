#ifndef DIPC_PERMITS_H
#define DIPC_PERMITS_H

/*
 * Permits: how many threads work at mailboxes at the same time.
 *
 * Idea.  A lock that is handed on strictly in order has one weakness: with more
 * threads than processors, the thread that holds it next is often asleep or
 * waits for a processor, and whoever runs meanwhile queues behind it.  Soon all
 * of them do, and each operation costs a change of thread (a lock convoy).  So
 * no more threads are let at the locks than can run: each takes a permit for a
 * batch of requests and gives it back before it waits for its client.  Those
 * who hold one meet rarely, and wait shortly.
 *
 * A permit is no lock: it protects nothing, and nobody's right to go on depends
 * on another.
 *   - A permit that is free is taken at once, also past those who wait: they
 *     have to wake up first, and to keep it for them meanwhile would be the
 *     convoy again (half the rate, measured).
 *   - There are PERMITS_SETS sets of permits, and one of them is in use.  When
 *     none of it has come back for as long as a waiter has patience, those who
 *     hold them wait for something themselves (a mailbox that a stopped process
 *     has locked), or are at long work: the next set is in use then.  A permit
 *     goes back to the set that it is of.
 *   - Patience is PERMITS_PATIENCE_NS at first, and twice as long, up to
 *     PERMITS_PATIENCE_MAX_NS, each time that others were served meanwhile: so
 *     thousands who wait do not wake up for nothing.
 *   - Whoever has waited for PERMITS_LONGEST_NS goes on without.
 *   - Only once in PERMITS_PATIENCE_NS is a set changed or one let in without.
 *     A convoy that is there already, or threads that wait for a processor,
 *     look like permits that stay away; fewer are added to them than leave.
 *
 * Invariant.
 *   Q1  of each set, the permits that are free and those that are held are
 *       `count` together
 *
 * Who may call.  permits_take: any thread, holding none.
 *
 * Lock order.  A mailbox's lock may be awaited with a permit, never a permit
 * with a mailbox's lock.
 *
 * Source.  M. Blasgen, J. Gray, M. Mitoma and T. Price, "The Convoy
 * Phenomenon", ACM SIGOPS Operating Systems Review 13(2), 1979; to let in fewer
 * threads, whatever the lock is, follows D. Dice and A. Kogan, "Avoiding
 * Scalability Collapse by Restricting Concurrency", Euro-Par 2019.
 */

#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

#include "clock.h"

#define PERMITS_SETS 64U
#define PERMITS_PATIENCE_NS (10 * CLOCK_NS_PER_MS)
#define PERMITS_PATIENCE_MAX_NS (80 * CLOCK_NS_PER_MS)
#define PERMITS_LONGEST_NS CLOCK_NS_PER_S

struct permits_set {
    sem_t free;
    _Atomic uint32_t returns; /* how many came back, ever */
};

struct permits {
    struct permits_set sets[PERMITS_SETS];
    _Atomic uint32_t used;     /* which set is in use */
    _Atomic uint64_t added_ns; /* when a set was last changed, or one let in */
    uint32_t count;            /* of each set; const after init */
};

/*
 * Sets of so many permits, all of them free.
 *   count   1 or more; as many as processors, or more would not run
 */
void permits_init(struct permits *permits, uint32_t count);

/* Context: nobody holds a permit, or waits for one. */
void permits_fini(struct permits *permits);

/*
 * Wait for a permit; NULL: go on without.  At most PERMITS_LONGEST_NS and the
 * last patience, and PERMITS_PATIENCE_NS more for each other who has waited as
 * long.
 */
struct permits_set *
permits_take(struct permits *permits) __attribute__((warn_unused_result));

/* Give back what permits_take has answered. */
void permits_give(struct permits_set *taken);

/* Assert Q1.  Context: nobody holds a permit, or waits for one. */
void permits_check(struct permits *permits);

#endif
