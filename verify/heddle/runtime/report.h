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
    uint64_t steps;
    uint64_t longest;
    uint64_t preempted;
    double seconds;
    bool complete;
    bool inexact;
    char cut_by[HD_TEXT_BYTES];
    int verdict;
};

/* The line of JSON; found is NULL where nothing was. */
void hd_report_json(const struct hd_summary *summary,
                    const struct hd_found *found, int founds,
                    char **schedules);
/* What was covered, in a few lines. */
void hd_report_summary(FILE *to, const struct hd_summary *summary);
/* The picture of one failure in the terminal. trace's rows and stacks are
 * hd_row and hd_stack. */
void hd_report_picture(FILE *to, const struct hd_found *found,
                       const struct hd_shared *trace, const char *schedule);
/* The same as a page. */
void hd_report_page(const char *file, const struct hd_summary *summary,
                    const struct hd_found *found,
                    const struct hd_shared *trace, const char *schedule);

/* For both pictures: what a row says, and which rows to mark. */
void hd_report_row_text(const struct hd_row *row, char *text,
                        size_t size_bytes);
bool hd_report_row_marked(const struct hd_found *found,
                          const struct hd_shared *trace, int row);
int hd_report_threads(const struct hd_shared *trace);
void hd_report_load(const struct hd_found *found,
                    const struct hd_shared *trace);

#endif
