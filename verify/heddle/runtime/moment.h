/*
 * Idea: virtual time. It stands still while threads run, and jumps when a
 * timed wait expires or a thread sleeps. A timed wait may expire whenever
 * the explorer likes: the thread may be late, the others slow.
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
bool hd_moment_known_clock(int clock_id);

#endif
