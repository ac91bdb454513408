/*
 * Idea: what a worker tells the supervisor: counts, findings with their
 * schedules, and, when it replays one, the trace of it. It lies in memory
 * that both have mapped, so that a worker's death loses nothing.
 *
 * Invariants
 *   1. Only the worker writes; the supervisor reads after it has ended, but
 *      for the counts, which it may read at any time.
 * Who may call: the runtime.
 */
#ifndef HEDDLE_SHARED_H
#define HEDDLE_SHARED_H

#include "op.h"
#include "own.h"

enum hd_verdict {
    HD_CLEAN,
    HD_DEADLOCK,
    HD_RACE,
    HD_ASSERTION,
    HD_CRASH,
    HD_MEMORY,
    HD_MISUSE,
    HD_LIVELOCK,
    HD_CUT,
    HD_UNSUPPORTED,
    HD_VERDICTS
};

enum {
    HD_FOUND_MAX = 64,
    HD_TEXT_BYTES = 400,
    HD_STACK_MAX = 24,
    HD_STACKS_MAX = 1 << 18
};

struct hd_step_taken {
    uint8_t thread;
    uint8_t choice;
};

/* One end of a finding: who, where. */
struct hd_place {
    int thread; /* -1: none */
    uint32_t pc;
    uint32_t stack; /* index of the trace's stacks, 0: none */
    uint64_t at;    /* address concerned, 0: none */
    char what[24];  /* "reads", "frees": empty if the verdict says it */
};

struct hd_found {
    int verdict;
    char text[HD_TEXT_BYTES];
    struct hd_place here;
    struct hd_place other;
    int steps;
    uint64_t execution;
    uint64_t stuck; /* bits of the threads that wait */
};

struct hd_stack {
    int row; /* rows of the trace when it was taken */
    int depth;
    uint32_t pc[HD_STACK_MAX];
};

/* How a step ended: as asked, or because its time was up, a wait without a
 * cause, an attempt in vain. */
enum hd_row_how { HD_ROW_DONE, HD_ROW_LATE, HD_ROW_SPURIOUS, HD_ROW_FAILED };

struct hd_row {
    int16_t thread;
    int16_t choice;
    uint16_t kind;
    uint8_t accesses;
    uint8_t how; /* enum hd_row_how */
    bool stuck;  /* not done: what the thread waits for */
    uint32_t stack;
    uint64_t value;
    uint64_t at[HD_ACCESSES_MAX];
    char text[64];
};

struct hd_shared {
    uint64_t executions;
    uint64_t blocked;
    uint64_t cut; /* executions that a bound cut */
    uint64_t steps;
    uint64_t longest;
    uint64_t exits;      /* executions that ended with a status not 0 */
    int exit_status;     /* the last such */
    uint64_t idle_ticks; /* grows while plain code runs */
    int threads;
    bool complete;
    bool broken;  /* a finding was recorded by the supervisor */
    bool endless; /* a thread ran on without a step: too slow to
                               * be run again and again */
    bool late;    /* a wait did not expire for --timeouts */
    bool inexact; /* lost stores were sampled, not enumerated */
    char cut_by[HD_TEXT_BYTES];
    int founds;
    struct hd_found found[HD_FOUND_MAX];
    int now_steps; /* the running execution, as far as it is */
    int rows;
    int stacks;
    uint32_t entry[HD_THREADS_MAX]; /* the threads' functions */
};

extern struct hd_shared *hd_shared;
/* now_step[e]: the running execution; found_step[f]: that finding's. */
extern struct hd_step_taken *hd_now_step;
extern struct hd_step_taken **hd_found_step;
extern struct hd_row *hd_row;
extern struct hd_stack *hd_stack;

/* Parts of the search, each taken by one worker: a byte for each part. */
enum { HD_PARTS_MAX = 1 << 20 };
extern unsigned char *hd_parts;
/* Take this part of the search; false if another worker has it. */
bool hd_shared_take_part(uint32_t part);

/* A set of these for one worker, made by the supervisor before it forks. */
struct hd_shared_set {
    struct hd_shared *shared;
    struct hd_step_taken *now_step;
    struct hd_step_taken *found_step[HD_FOUND_MAX];
    struct hd_row *row;
    struct hd_stack *stack;
};

void hd_shared_create(struct hd_shared_set *set);
void hd_shared_use(struct hd_shared_set *set);
void hd_shared_clear(struct hd_shared_set *set);
const char *hd_verdict_name(int verdict);

#endif
