/*
 * Idea: what a person asked for. `heddle run` passes its options to the
 * program in the environment; the program parses them here.
 * Who may call: the runtime reads; main parses.
 */
#ifndef HEDDLE_OPTIONS_H
#define HEDDLE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hd_search {
    HD_SEARCH_REDUCED,
    HD_SEARCH_ALL,
    HD_SEARCH_PREEMPTIONS,
    HD_SEARCH_RANDOM,
    HD_SEARCH_PCT,
    HD_SEARCH_REPLAY
};

/* Options that want something of others: an index each. */
enum hd_chosen {
    HD_CHOSE_NO_REDUCTION,
    HD_CHOSE_PREEMPTIONS,
    HD_CHOSE_RANDOM,
    HD_CHOSE_PCT,
    HD_CHOSE_SEED,
    HD_CHOSE_SEARCHES,
    HD_CHOSE_DIE_ANYWHERE = HD_CHOSE_SEARCHES,
    HD_CHOSEN_MAX
};

struct hd_options {
    enum hd_search search;
    bool json;
    bool quiet;
    bool keep_going; /* --all */
    bool spurious;
    bool idle_time; /* time passes only when nobody can go on */
    bool leaks;
    bool deaths_everywhere; /* --deaths without opt-in by the program */
    bool progress;
    bool output;  /* let the program print */
    bool states;  /* print each execution's final state */
    int deaths;   /* at most so many in one execution */
    int timeouts; /* of one thread; 0: any number */
    int preemptions;
    int pct_depth;
    int jobs;
    int steps_max;
    uint64_t random_count;
    uint64_t seed;
    uint64_t executions_max;
    uint64_t seconds_max;
    size_t stack_bytes;
    const char *schedule;
    const char *html;
    const char *chosen[HD_CHOSEN_MAX]; /* options that exclude each other */
    const char *program;               /* the file */
    const char *name;                  /* as it was called */
};

extern struct hd_options hd_options;

/* Parse the words of HEDDLE_OPTIONS, separated by newlines; on a mistake
 * says so and ends with status 2. */
void hd_options_parse(const char *words, const char *program, const char *name);

#endif
