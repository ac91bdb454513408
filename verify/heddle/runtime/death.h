/*
 * Idea: a thread that dies. It does nothing more; what it holds stays held,
 * but for robust mutexes, whose next owner is told. Its plain stores since
 * the last point where the compiler must have done them may each be missing.
 *
 * The kernel gives back what a dead thread held one mutex after the other,
 * the last taken first, and others run between: each is a step of its own,
 * which the dead thread does before it is gone.
 *
 * A death takes the place of the thread's next step. That is enough: until
 * then other threads can only see the plain stores, and which of those were
 * done is chosen freely.
 *
 * The death of a thread that waits also conflicts with what would let it go
 * on: then it might have gone on instead.
 *
 * Invariants
 *   1. At most hd_options.deaths deaths happen in one execution.
 *   2. The stores kept for a thread are those since its last step that
 *      releases; each has the bytes that it overwrote.
 * Who may call: the engine, and the instrumentation of stores.
 */
#ifndef HEDDLE_DEATH_H
#define HEDDLE_DEATH_H

#include "model.h"

void hd_death_begin(void);
/* Bits from HD_DEATH_CHOICE on: ways for this thread to die now. */
uint64_t hd_death_alternatives(const struct hd_thread *thread);
/* Make thread->next the death that thread->choice says. */
void hd_death_prepare(struct hd_thread *thread);
void hd_death_happens(struct hd_thread *thread);
/* The step of a dead thread: one mutex is given back. */
void hd_death_lapse(struct hd_thread *thread);
/* The running thread is about to store there. */
void hd_death_store(uintptr_t at, size_t length_bytes);
/* The running thread did what makes its earlier stores certain. */
void hd_death_settle(struct hd_thread *thread);
/* Add to op the robust mutexes that the thread holds. */
void hd_death_releases(const struct hd_thread *thread, struct hd_op *op);
/* They are free now, and inconsistent. */
void hd_death_abandon(struct hd_thread *thread);
/* Everything that any of the thread's alternatives would touch: the
 * operation as the sleep set must see it. */
void hd_death_union(const struct hd_thread *thread, struct hd_op *op);

#endif
