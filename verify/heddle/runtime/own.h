/*
 * Idea: what belongs to Heddle itself and must survive from one execution of
 * the program under test to the next.
 *
 * Between executions the program's writable data is put back from a snapshot.
 * Heddle's own variables are in a section of their own, which the snapshot
 * leaves out; its tables are mapped with own_reserve().
 *
 * Invariants
 *   1. No file of the runtime has a mutable variable that is not HD_OWN.
 *   2. Heddle never takes memory from the heap that it models.
 * Who may call: every file of the runtime.
 */
#ifndef HEDDLE_OWN_H
#define HEDDLE_OWN_H

#include <stddef.h>
#include <stdint.h>

#define HD_OWN __attribute__((section("heddle_own")))

enum { HD_THREADS_MAX = 64 };

/* Zeroed memory, not charged until it is touched. Ends the process if the
 * system has no address space left. */
void *hd_own_reserve(size_t length_bytes);
/* The same, seen by the supervisor and by its workers. */
void *hd_own_share(size_t length_bytes);
/* The same at a fixed address, so that runs look alike. */
void *hd_own_reserve_at(uintptr_t address, size_t length_bytes);

#endif
