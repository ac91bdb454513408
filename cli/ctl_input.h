#ifndef DIPC_CTL_INPUT_H
#define DIPC_CTL_INPUT_H

/*
 * The data of a write: an argument, a file, or standard input.
 *
 * Who may call.  One thread for each input.
 */

#include <stddef.h>

#include "complaint.h"

#define CTL_INPUT_MAX ((size_t)1 << 30)

struct ctl_input {
    const char *data;
    size_t length;
    char *memory; /* of it; NULL: it is an argument */
};

/*
 * Read the data.
 *   argument  NULL: none
 *   file      NULL or "-": standard input, where there is no argument
 * Errors: EFBIG  more than CTL_INPUT_MAX; ENOMEM; those of open and read
 */
int
ctl_input_open(struct ctl_input *input, const char *argument, const char *file,
               struct complaint *complaint) __attribute__((warn_unused_result));

void ctl_input_close(struct ctl_input *input);

#endif
