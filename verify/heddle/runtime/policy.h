/*
 * Idea: a way of choosing schedules. One policy a file: reduced, all,
 * random, replay.
 * Who may call: the engine calls choose and committed during an execution,
 * the explorer begin and next around it.
 */
#ifndef HEDDLE_POLICY_H
#define HEDDLE_POLICY_H

#include "model.h"

struct hd_policy {
    void (*begin)(void);
    /* The thread that does event number `depth`, with thread->choice set; or
     * minus an enum hd_end. */
    int (*choose)(int depth);
    void (*committed)(int event);
    /* After an execution: prepare the next; false when all are explored. */
    bool (*next)(void);
    /* Does the execution that ended count for this worker? It may lie above
     * the parts that workers take. NULL: always. */
    bool (*owns)(void);
};

extern const struct hd_policy *hd_policy;
extern const struct hd_policy hd_policy_reduced;
extern const struct hd_policy hd_policy_all;
extern const struct hd_policy hd_policy_random;
extern const struct hd_policy hd_policy_pct;
extern const struct hd_policy hd_policy_replay;

/* The first execution that this worker runs at random. */
void hd_random_start(uint64_t number);

/* Minus the end that fits when no thread is ready. */
int hd_policy_stuck(void);
/* Bits of the threads that have an alternative now. */
uint64_t hd_policy_enabled(void);

#endif
