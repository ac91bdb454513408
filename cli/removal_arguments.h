#ifndef DIPC_REMOVAL_ARGUMENTS_H
#define DIPC_REMOVAL_ARGUMENTS_H

/*
 * The arguments of `dipcrm`.
 *
 * Who may call.  One thread; getopt_long keeps state of its own.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "arguments.h"
#include "complaint.h"

struct removal_arguments {
    enum arguments_action action; /* ARGUMENTS_SERVE: end a server */
    uint16_t port;
    bool force;
    const char *user; /* NULL: the caller */
};

/* As arguments_parse. */
int removal_arguments_parse(int argc, char **argv,
                            struct removal_arguments *arguments,
                            struct complaint *complaint)
    __attribute__((warn_unused_result));

/*
 * The number of a user given by name or number.
 * Errors: EINVAL  there is no such user; the complaint says so
 */
int removal_arguments_user(const char *text, uid_t *user,
                           struct complaint *complaint)
    __attribute__((warn_unused_result));

void removal_arguments_print_help(FILE *stream);

#endif
