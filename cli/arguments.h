#ifndef DIPC_ARGUMENTS_H
#define DIPC_ARGUMENTS_H

/*
 * The arguments of `dipc`.
 *
 * Idea.  One table holds every option: its name, its value, its help and what
 * reads it; so the help cannot forget one.  Options stand before the four
 * arguments.
 *
 * Who may call.  One thread; getopt_long keeps state of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "complaint.h"
#include "unix_socket.h"

#define ARGUMENTS_LISTEN_MAX 16

enum arguments_action { ARGUMENTS_SERVE, ARGUMENTS_HELP, ARGUMENTS_VERSION };

struct arguments {
    enum arguments_action action;
    uint32_t mailboxes;
    uint64_t mailbox_bytes;
    uint16_t port; /* 0: any */
    size_t packet_bytes;
    bool foreground;
    const char *listen[ARGUMENTS_LISTEN_MAX];
    size_t listen_count;
    bool listens_nowhere;             /* no TCP, by --listen none */
    struct unix_socket_request local; /* path NULL: no Unix socket */
    bool local_is_dressed;            /* its mode or owner was given */
    uint32_t clients_max;
    uint32_t concurrency;     /* 0: one for each processor */
    uint64_t idle_timeout_ns; /* CLOCK_NEVER: none */
    uint64_t request_timeout_ns;
    uint64_t lock_timeout_ns;
    uint64_t wait_max_ns;
    uint64_t gap_ns;
    const char *log; /* NULL: as the place where the server runs suggests */
    bool verbose;
    bool checked;
    bool attachable;
    bool fresh;
};

/*
 * Read the command line.  The strings stay those of argv.
 * Errors: EINVAL  the complaint names the argument and what would be right
 */
int arguments_parse(int argc, char **argv, struct arguments *arguments,
                    struct complaint *complaint)
    __attribute__((warn_unused_result));

void arguments_print_help(FILE *stream);

#endif
