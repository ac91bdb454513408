/*
 * Idea: tell a person, or a program, what the exploration found.
 * Who may call: the supervisor.
 */
#ifndef HEDDLE_REPORT_H
#define HEDDLE_REPORT_H

#include <stdio.h>

#include "shared.h"

/* What all workers together did. */
struct hd_summary {
    uint64_t executions;
    uint64_t blocked;
    int threads;
    uint64_t steps;
    uint64_t longest;
    uint64_t exits; /* executions that ended with a status not 0 */
    int exit_status;
    long memory_kb; /* the largest worker's */
    double seconds;
    bool complete;
    bool inexact;
    char cut_by[HD_TEXT_BYTES];
    int verdict;
};

/* The line of JSON; found is NULL where nothing was. */
void hd_report_json(const struct hd_summary *summary,
                    const struct hd_found *found, int founds, char **schedules);
/* What was covered, in a few lines. */
void hd_report_summary(FILE *to, const struct hd_summary *summary);
/* The picture of one failure in the terminal. trace's rows and stacks are
 * hd_row and hd_stack. */
void hd_report_picture(FILE *to, const struct hd_found *found,
                       const struct hd_shared *trace, const char *schedule);
/* The same as a page. */
void hd_report_page(const char *file, const struct hd_summary *summary,
                    const struct hd_found *found, const struct hd_shared *trace,
                    const char *schedule);

/* For both pictures: one line of it. */
struct hd_line {
    int thread;
    int number; /* of the step, 0: none */
    uint32_t pc;
    bool marked;
    bool stuck;
    bool mark; /* said by heddle_mark */
    char text[120];
};

/* The lines of the picture; how many. They stay until the next call. */
int hd_report_lines(const struct hd_found *found, const struct hd_shared *trace,
                    const struct hd_line **lines);
int hd_report_threads(const struct hd_shared *trace);
/* The heading of a thread's column. */
void hd_report_thread_name(const struct hd_shared *trace, int thread,
                           char *text, size_t size_bytes);
/* What to type to see it again. */
void hd_report_command(const char *schedule, char *text, size_t size_bytes);
void
hd_report_load(const struct hd_found *found, const struct hd_shared *trace);

#endif
