#ifndef DIPC_CTL_ARGUMENTS_H
#define DIPC_CTL_ARGUMENTS_H

/*
 * The arguments of `dipcctl`: a command, what it works on, and its options.
 *
 * Idea.  One table holds every command and one every option, with the commands
 * that take it; the help of each command comes out of them.  Options may stand
 * before the command, if all commands take them, and anywhere behind it.
 *
 * Who may call.  One thread; getopt_long keeps state of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "complaint.h"

#define CTL_FOREVER (-1)
#define CTL_NONE UINT64_MAX /* a number that was not given */
#define CTL_END (UINT64_MAX - 1)

enum ctl_command {
    CTL_READ,
    CTL_WRITE,
    CTL_APPEND,
    CTL_CAS,
    CTL_WAIT,
    CTL_WATCH,
    CTL_STAT,
    CTL_TOP,
    CTL_PING,
    CTL_COMMANDS, /* how many; as a command: none yet */
};

enum ctl_action { CTL_RUN, CTL_HELP, CTL_VERSION };

struct ctl_arguments {
    enum ctl_action action;
    enum ctl_command command; /* CTL_COMMANDS: help of all */
    const char *server;       /* as dipc_connect_server takes it */
    int timeout_ms;
    bool json;
    bool quiet;
    bool pieces;
    uint64_t mailbox;   /* CTL_NONE: the server, where that is allowed */
    uint64_t version;   /* of cas and wait; CTL_NONE: not given */
    uint64_t condition; /* --if; CTL_NONE: any */
    uint64_t at;        /* CTL_NONE: not given; CTL_END */
    uint64_t max;       /* CTL_NONE: all */
    uint64_t from;      /* CTL_NONE: now */
    uint64_t count;     /* CTL_NONE: not given */
    int wait_ms;        /* CTL_FOREVER: no end */
    int interval_ms;
    const char *data; /* NULL: standard input, or the file */
    const char *file; /* NULL: none */
};

/*
 * Read the command line.  The strings stay those of argv and the environment.
 * Errors: EINVAL  the complaint says what would be right
 */
int ctl_arguments_parse(int argc, char **argv, struct ctl_arguments *arguments,
                        struct complaint *complaint)
    __attribute__((warn_unused_result));

/* The help of a command, or of all. */
void ctl_arguments_print_help(FILE *stream, enum ctl_command command);

#endif
