/*
 * Idea: before the search, the program's first schedule is run twice. What
 * the threads do must be the same both times: a program that depends on what
 * Heddle does not control is found out even where one schedule is all there
 * is. A search that goes on compares the steps that it repeats itself.
 *
 * Between the two, the data that was put back page by page is compared with
 * the snapshot: if something wrote it unseen, it is copied whole from then
 * on.
 *
 * Invariants
 *   1. Nothing of the two runs counts or is kept, but what ends the search.
 * Who may call: the explorer.
 */
#ifndef HEDDLE_REHEARSAL_H
#define HEDDLE_REHEARSAL_H

#include <stdbool.h>

/* False, and a finding is recorded: the program cannot be checked, or already
 * the first schedule runs into a loop that never ends. */
bool hd_rehearsal_run(void);

#endif
