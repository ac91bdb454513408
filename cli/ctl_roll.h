#ifndef DIPC_CTL_ROLL_H
#define DIPC_CTL_ROLL_H

/*
 * A server's clients as a table, or as JSON.
 *
 * Who may call.  One thread.
 */

#include "ctl_clients.h"
#include "ctl_table.h"

/*
 * How many requests of each client were answered since an earlier list.
 *   before  NULL: there is none
 */
void ctl_roll_compare(const struct ctl_clients *before,
                      const struct ctl_clients *now,
                      uint64_t more[static CTL_CLIENTS_MAX]);

/* The busiest first, whoever asks last.   more, in_s: for the rates */
void ctl_roll_print(struct ctl_table *table, const struct ctl_clients *clients,
                    const uint64_t more[static CTL_CLIENTS_MAX], double in_s);

/* An array, in the server's order; null where the server does not tell. */
void ctl_roll_print_json(FILE *stream, const struct ctl_clients *clients,
                         const uint64_t more[static CTL_CLIENTS_MAX]);

#endif
