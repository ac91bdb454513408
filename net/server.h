#ifndef DIPC_SERVER_H
#define DIPC_SERVER_H

/*
 * A server: clients are let in, served by one thread each, and let go.
 *
 * Idea.  The thread that runs the server sleeps in one epoll over everything
 * that it has to see to: listening sockets, clients that have finished or hung
 * up, connections that are being closed, the control channel, signals, and
 * the descriptor by which anybody stops it.  Nothing it does there blocks, so
 * no client can hold another up.
 *
 * Where descriptors run out, a spare one is given up so that the newcomer can
 * still be told "busy"; where that fails too, the server does not listen for
 * SERVER_PAUSE_NS.  So it neither spins nor dies, and recovers by itself.
 *
 * Stopping.  No more clients are let in, every wait is cancelled, requests
 * under way are answered `shutting-down`; after SERVER_GRACE_NS connections
 * that are still there are cut.
 *
 * Who may call.  One thread: create, run, destroy.  server_stop: any thread,
 * and a signal handler.  There is no state outside: a process may have several.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "control.h"
#include "listener.h"
#include "log.h"
#include "store_source.h"
#include "supervisor.h"

#define SERVER_PAUSE_NS (100 * CLOCK_NS_PER_MS)
#define SERVER_GRACE_NS CLOCK_NS_PER_S
#define SERVER_END_NS (3 * CLOCK_NS_PER_S)

/* What the server is given; all of it outlives the server. */
struct server_config {
    struct listener *listener; /* the server closes it when it stops */
    struct store_source *source;
    struct control *control;             /* NULL: none */
    struct log *log;                     /* NULL: none */
    const struct supervisor *supervisor; /* hears of its end; NULL: none */
    int signals;       /* a signalfd, whose signals stop the server; -1: none */
    bool hangup_stops; /* SIGHUP too; else it opens the log again */
    uint32_t clients_max;
    uint32_t concurrency; /* permits (net/permits.h); 0: one a processor */
    size_t packet_bytes;
    uint64_t gap_ns;
    uint64_t request_timeout_ns;
    uint64_t idle_timeout_ns; /* CLOCK_NEVER: none */
    uint64_t wait_max_ns;
    uint64_t mailboxes;                      /* for the statistics */
    uint64_t mailbox_bytes;                  /* for the statistics */
    uint64_t instance;                       /* for the statistics */
    const _Atomic uint64_t *lock_recoveries; /* the same; NULL: none */
};

struct server;

/* Errors: ENOMEM, and those of eventfd and epoll_create1 */
int server_create(const struct server_config *config, struct server **server)
    __attribute__((warn_unused_result));

/*
 * Serve until somebody stops the server.
 * Errors: ETIMEDOUT  a client's thread did not end in SERVER_END_NS: it still
 *                    uses the server, which must not be destroyed
 */
int server_run(struct server *server) __attribute__((warn_unused_result));

void server_stop(struct server *server);

/* Context: server_run has returned 0, or was never called. */
void server_destroy(struct server *server);

/* How many clients there are now. */
uint64_t server_clients(const struct server *server);

/* How many descriptors a process needs for so many clients. */
uint64_t server_descriptors(uint32_t clients_max);

#endif
