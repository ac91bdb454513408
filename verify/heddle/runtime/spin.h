/*
 * Idea: a thread that comes back to the same place in the same local state,
 * having changed nothing, will do so for ever until somebody else writes
 * what it reads. It is treated as waiting for that.
 *
 * Local state is the registers that a call preserves and all of the stack
 * above the call, so that a loop that counts is never taken for one that
 * waits.
 *
 * Invariants
 *   1. Between two visits that make a spin, the thread wrote nothing but its
 *      own stack, and no other thread wrote what the thread's operations
 *      touched.
 *   2. It is never made to wait while it holds a lock that it would let go of
 *      on the way round.
 * Who may call: the files that model operations, just before hd_step().
 */
#ifndef HEDDLE_SPIN_H
#define HEDDLE_SPIN_H

#include "model.h"

/* Saved by HD_STUB: rbx, rbp, r12 to r15, rsp. */
extern uint64_t hd_entry[7];

/* The running thread is about to do `next`, in a loop perhaps. True if it
 * did the same before and has changed nothing since. */
bool hd_spin_visit(void);
/* The same in two parts, where other threads run between the entry and the
 * operation: the local state at the entry, then the visit with it. */
uint64_t hd_spin_local(void);
void hd_spin_visit_in(uint64_t local);
/* Somebody wrote what the spinning thread waits for. */
bool hd_spin_over(const struct hd_thread *thread);

#endif
