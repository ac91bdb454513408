/*
 * Idea: the order that conflicts give to the events of one execution, kept
 * as vector clocks, and the races in it that can be reversed.
 *
 * For each eight bytes of memory a short list of the events that are not yet
 * covered by a later write. A new event is ordered after all those that
 * conflict with it; one that was not ordered before it already is a race.
 * A blocking operation can only be reversed with an event before which it
 * was ready: the chain of the object's writers is walked back to find it.
 *
 * Invariants
 *   1. A list holds every event that a future one could race with.
 * Who may call: the engine.
 * Source: Flanagan, Godefroid (POPL 2005); Abdulla and others (JACM 2017).
 */
#ifndef HEDDLE_DEPEND_H
#define HEDDLE_DEPEND_H

#include "model.h"

void hd_depend_init(void);
void hd_depend_begin(void);
/* Event number e was just added: fill its clock, note its races. */
void hd_depend_event(int e);
/* Event number e is about to be added: a wait ends because its time is up.
 * Note the races of what it waited for, which it could have got earlier. */
void hd_depend_missed(int e);
/* Thread did not get to do its next operation, which is at index e but not
 * part of the execution: note its races. */
void hd_depend_pending(const struct hd_thread *thread, int e);
/* The last event of a thread other than this that wrote there, or -1. */
int hd_depend_foreign(uint64_t at, int thread);

#endif
