/*
 * Idea: virtual time. It stands still while threads run, and jumps when a
 * timed wait expires or a thread sleeps. A timed wait may expire whenever
 * the explorer likes: the thread may be late, the others slow.
 *
 * With --idle-time it passes only in a state where no thread can do anything
 * else; there, each of the waits with the earliest deadline may end, and no
 * other. A deadline that has passed already when the wait begins is no
 * waiting for time: such a wait may still end at any moment.
 *
 * That is sound with reduction, for the end of a wait then is an operation
 * that conflicts with all others. It is never reversed with an earlier one,
 * before which it could not happen, but for those that end as well in the
 * same state: all of these are tried there (see reduced.c). What the wait
 * was for, it may have got earlier: that race is noted (see depend.c).
 *
 * A deadline further away than a year never comes: who compares a deadline
 * on one clock with another finds out so.
 *
 * Invariants
 *   1. Time never goes back. Internal time is that of CLOCK_MONOTONIC, in
 *      nanoseconds.
 * Who may call: the files that model timed operations.
 */
#ifndef HEDDLE_MOMENT_H
#define HEDDLE_MOMENT_H

#include <time.h>

#include "model.h"

void hd_moment_begin(void);
/* The internal time of a deadline; EINVAL for nonsense. */
int hd_moment_deadline(int clock_id, const struct timespec *deadline,
                       int64_t *until);
bool hd_moment_never(int64_t until);
/* It is at least `until` now. The operation wrote HD_OBJECT_CLOCK. */
void hd_moment_advance(int64_t until);
int64_t hd_moment_now(void);
/* The running thread's waits have ended by themselves as often as --timeouts
 * allows: from now on they end only when it is woken. */
bool hd_moment_used_up(void);
/* The operation that the running thread describes blocks until it is ready,
 * but for its time: it may end by itself at `until`. True: at any moment, and
 * the caller has nothing to wait for. */
bool hd_moment_waits(int64_t until, bool (*ready)(const struct hd_thread *),
                     bool (*ready_before)(const struct hd_thread *, int32_t));
/* After its step: it was not ready, so its time is up. */
void hd_moment_expired(int64_t until);
bool hd_moment_known_clock(int clock_id);

#endif
