#ifndef DIPC_DIPCSEND_ARGUMENTS_H
#define DIPC_DIPCSEND_ARGUMENTS_H

/*
 * The arguments of `dipcsend`.
 *
 * Who may call.  One thread; getopt_long keeps state of its own.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "complaint.h"

enum dipcsend_action { DIPCSEND_SEND, DIPCSEND_HELP, DIPCSEND_VERSION };

struct dipcsend_arguments {
    enum dipcsend_action action;
    const char *token_file; /* NULL: the token is in the environment */
    uint64_t type;
    uint64_t size_bytes; /* GATHER_SENDER_ANY_SIZE: not announced */
    uint64_t fail;       /* not 0: declare this error */
    const char *address;
    unsigned which;
    char *const *command; /* NULL: send standard input */
};

/*
 * Read the command line.  The strings stay those of argv.
 * Errors: EINVAL  the complaint names the argument and what would be right
 */
int dipcsend_arguments_parse(int argc, char **argv,
                             struct dipcsend_arguments *arguments,
                             struct complaint *complaint)
    __attribute__((warn_unused_result));

void dipcsend_arguments_print_help(FILE *stream);

#endif
