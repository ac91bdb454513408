/*
 * Idea: run executions one after the other, as the policy says, until all
 * are explored, something is found, or a bound is reached; and shrink a
 * failing schedule.
 * Who may call: the supervisor, in a worker process.
 */
#ifndef HEDDLE_EXPLORER_H
#define HEDDLE_EXPLORER_H

#include "model.h"
#include "shared.h"

/* Explore as hd_options say; the results are in *hd_shared. */
void hd_explorer_run(void);
/* Make the schedule as short and as unbroken as it gets while it still fails
 * with this verdict; the new number of steps. */
int hd_explorer_shrink(struct hd_step_taken *step, int steps, int verdict);
/* Run one schedule with the trace on, or off. */
void
hd_explorer_replay(const struct hd_step_taken *step, int steps, bool trace);

#endif
