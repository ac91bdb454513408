#ifndef DIPC_STRESS_CLIENT_H
#define DIPC_STRESS_CLIENT_H

/*
 * A client of the stress: a process that carries out the plans of several
 * connections at once, and notes each operation before it asks for it.
 *
 * Idea.  Its journal lies in memory that it shares with its parent, so that
 * nothing noted is lost when it is killed.  An operation is noted as NEVER with
 * its first byte, as UNKNOWN just before its last byte is given to the kernel,
 * and with its outcome once the whole answer is there.
 *
 * Who may call.  client_run: a process of its own, once.
 */

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "operation.h"
#include "plan.h"

#define CLIENT_FLAW_BYTES 400

struct client_journal {
    _Atomic uint64_t count;
    _Atomic uint64_t batches[PLAN_MANNERS];
    _Atomic uint64_t connects;
    _Atomic uint64_t refusals; /* of connections, or `busy` */
    _Atomic uint64_t breaks;   /* not of our own doing */
    _Atomic uint64_t busy_now; /* operations under way */
    uint64_t capacity;
    char flaw[CLIENT_FLAW_BYTES]; /* an answer against the protocol */
    struct operation operations[];
};

struct client_orders {
    struct sockaddr_storage address;
    socklen_t address_bytes;
    struct client_journal *journal;
    uint64_t seed;
    uint32_t first_number; /* of its connections */
    uint32_t connections;
    uint64_t end_ns;      /* begin no batch later */
    uint64_t patience_ns; /* for an answer; then the connection is given up */
    struct plan plan;     /* all but its dice */
};

void client_run(const struct client_orders *orders);

#endif
