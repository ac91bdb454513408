#ifndef DIPC_DIPCGATHER_ARGUMENTS_H
#define DIPC_DIPCGATHER_ARGUMENTS_H

/*
 * The arguments of `dipcgather`.
 *
 * Idea.  As net/arguments.h: one table holds every option.  What follows the
 * options is the command.
 *
 * Who may call.  One thread; getopt_long keeps state of its own.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "complaint.h"

enum dipcgather_action {
    DIPCGATHER_GATHER,
    DIPCGATHER_HELP,
    DIPCGATHER_VERSION
};

#define DIPCGATHER_HOST_MAX 256

struct dipcgather_arguments {
    enum dipcgather_action action;
    unsigned children;
    unsigned remote;     /* of them, the last */
    uint64_t timeout_ns; /* 0: none */
    bool fail_fast;
    bool quiet;
    const char *output; /* a directory; NULL: standard output */
    const char *tokens; /* a directory; NULL: shown */
    bool listens;
    char host[DIPCGATHER_HOST_MAX];
    uint16_t port; /* 0: any */
    uint64_t result_bytes_max;
    char *const *command; /* NULL: none; ends with NULL */
};

/*
 * Read the command line.  The strings stay those of argv.
 * Errors: EINVAL  the complaint names the argument and what would be right
 */
int dipcgather_arguments_parse(int argc, char **argv,
                               struct dipcgather_arguments *arguments,
                               struct complaint *complaint)
    __attribute__((warn_unused_result));

void dipcgather_arguments_print_help(FILE *stream);

#endif
