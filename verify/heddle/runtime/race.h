/*
 * Idea: data races, found by happens-before. For each eight bytes of the
 * program's memory there is a list of past accesses; a new access that
 * conflicts with one of them and is not ordered after it is a race.
 *
 * The order is that of C11: program order, and what synchronizes: locks,
 * thread creation and join, release and acquire. A relaxed atomic gives none.
 *
 * Invariants
 *   1. An access leaves a list only when another in it is ordered after it,
 *      covers its bytes, and conflicts with all that it conflicts with.
 * Who may call: the files that model operations.
 * Source: Flanagan, Freund: FastTrack (PLDI 2009).
 */
#ifndef HEDDLE_RACE_H
#define HEDDLE_RACE_H

#include "model.h"

/* Bits: what an access conflicts with, among the four kinds of access. */
enum hd_touch {
    HD_TOUCH_ATOMIC_READ,
    HD_TOUCH_READ,
    HD_TOUCH_ATOMIC_WRITE,
    HD_TOUCH_WRITE
};

void hd_race_init(void);
void hd_race_begin(void);
/* The running thread touches memory. Records a race, a use of freed or
 * unallocated heap, and does not return then. */
void hd_race_touch(uintptr_t at, size_t length_bytes, enum hd_touch how,
                   uint32_t pc);

/* A clock that travels with an object: released into, acquired from. */
struct hd_clock {
    uint32_t tick[HD_THREADS_MAX];
};

void hd_clock_clear(struct hd_clock *clock);
/* The running thread learns what clock knows. */
void hd_clock_acquire(const struct hd_clock *clock);
/* Clock learns what the running thread knows. */
void hd_clock_release(struct hd_clock *clock);
void hd_clock_join(uint32_t *clock, const uint32_t *other);

#endif
