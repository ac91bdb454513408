/*
 * Idea: a schedule as a string, and running the program by one. The string
 * is the threads' numbers in the order of their steps, joined by dots; "3x5"
 * is five steps of thread 3, "3:2" a step of thread 3 with its outcome
 * number 2.
 *
 * A schedule may say more or less than the program does: steps that cannot
 * be taken are left out, and at its end the threads go on one after the
 * other.
 * Who may call: the explorer, the shrinker, reports.
 */
#ifndef HEDDLE_REPLAY_H
#define HEDDLE_REPLAY_H

#include "policy.h"
#include "shared.h"

/* The schedule that hd_policy_replay follows; kept by reference. */
void hd_replay_set(const struct hd_step_taken *step, int steps);
/* Parse; the number of steps, or -1 if it is no schedule. */
int
hd_replay_parse(const char *text, struct hd_step_taken *step, int steps_max);
/* At most size_bytes - 1 characters, then a zero byte. */
void hd_replay_format(const struct hd_step_taken *step, int steps, char *text,
                      size_t size_bytes);

/* How many of its steps could not be taken in the last execution. */
int hd_replay_skipped(void);

#endif
