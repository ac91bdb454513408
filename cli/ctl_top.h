#ifndef DIPC_CTL_TOP_H
#define DIPC_CTL_TOP_H

/*
 * The table of `dipcctl top`: what a server does, with which mailboxes, and for
 * whom.
 *
 * Idea.  A sample is all that the server tells of itself, its mailboxes and its
 * clients;
 * the table shows the last one, and rates out of the two last.  Taking and
 * showing are apart, so that what is shown can be tested.
 *
 * Who may call.  One thread for each sample.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl_clients.h"
#include "dipc.h"

#define CTL_TOP_MAILBOXES_MAX 4096

struct ctl_top_row {
    uint32_t mailbox;
    uint64_t version;
    uint64_t size;
    uint64_t reads;
    uint64_t readers;
    uint64_t waiting;
    uint64_t watching;
    /* Of the time since the sample before; 0 without one. */
    uint64_t new_reads;
    uint64_t new_writes;
};

struct ctl_top_sample {
    uint64_t taken_ns;
    char version[32];
    uint64_t instance;
    uint64_t uptime_s;
    uint64_t mailboxes;
    uint64_t mailbox_bytes;
    uint64_t packet_bytes;
    uint64_t clients;
    uint64_t clients_max;
    uint64_t clients_total;
    uint64_t reads;
    uint64_t writes;
    uint64_t conflicts;
    uint64_t timeouts;
    uint64_t lock_timeouts;
    uint64_t lock_recoveries;
    uint64_t bad_requests;
    uint64_t bytes_in;
    uint64_t bytes_out;
    size_t rows_count;
    struct ctl_top_row rows[CTL_TOP_MAILBOXES_MAX]; /* by number */
    struct ctl_clients list;
    /* Of each client, since the sample before; 0 without one. */
    uint64_t new_requests[CTL_CLIENTS_MAX];
};

/* Errors: those of dipc_stat, and DIPC_NO_MEMORY */
enum dipc_status
ctl_top_take(struct dipc_connection *connection, struct ctl_clients_link *link,
             struct ctl_top_sample *sample, struct dipc_error *error)
    __attribute__((warn_unused_result));

/*
 * Print the table, its lines no longer than `columns`; mailboxes that were
 * never used are left out.  Where there are more mailboxes and clients than
 * lines, each of the two has at least half.
 *   before      NULL: there is no earlier sample
 *   lines       at most so many, 0: all that there are
 *   line_end    what ends each of them
 */
void
ctl_top_print(FILE *stream, const char *server,
              const struct ctl_top_sample *before, struct ctl_top_sample *now,
              size_t columns, size_t lines, const char *line_end);

/* The same as one JSON object on one line, all mailboxes in it. */
void ctl_top_print_json(FILE *stream, const struct ctl_top_sample *before,
                        struct ctl_top_sample *now);

#endif
