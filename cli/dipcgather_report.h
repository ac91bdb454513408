#ifndef DIPC_DIPCGATHER_REPORT_H
#define DIPC_DIPCGATHER_REPORT_H

/*
 * What `dipcgather` shows: its progress, why there is no result of some
 * children, and the results.
 *
 * Who may call.  One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "complaint.h"
#include "gather.h"

#define DIPCGATHER_REPORT_LINE 160

/*
 * A line of progress: "12 of 20 done, 1 failed, 3 sending, 4.2 MB, 12 s".
 * Returns line.
 */
const char *
dipcgather_report_progress(const struct gather_progress *progress,
                           uint64_t elapsed_ns,
                           char line[static DIPCGATHER_REPORT_LINE]);

/*
 * Say on standard error which children have no result, and why: one line for
 * all neighbours of which the same is to be said.
 */
void dipcgather_report_failures(const struct gather *gather, unsigned children);

/* Write the results to standard output, in the order of their numbers. */
int dipcgather_report_print(const struct gather *gather, unsigned children,
                            struct complaint *complaint)
    __attribute__((warn_unused_result));

/* How many digits the number of a file has, so that names are in order. */
int dipcgather_report_digits(unsigned children);

/*
 * Make a directory for results or tokens, or take an empty one.
 * Errors: ENOTEMPTY  there is something in it
 *         any other  from the calls
 */
int dipcgather_report_make_directory(const char *directory,
                                     struct complaint *complaint)
    __attribute__((warn_unused_result));

/* A new file with this content, which only its owner can read if is_secret. */
int dipcgather_report_write(const char *directory, unsigned which,
                            unsigned children, const void *data,
                            size_t length_bytes, bool is_secret,
                            struct complaint *complaint)
    __attribute__((warn_unused_result));

/* Each result into a file of its own. */
int dipcgather_report_save(const struct gather *gather, unsigned children,
                           const char *directory, struct complaint *complaint)
    __attribute__((warn_unused_result));

#endif
