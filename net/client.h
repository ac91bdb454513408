#ifndef DIPC_CLIENT_H
#define DIPC_CLIENT_H

/*
 * A client: what one thread does for one connection.
 *
 * Idea.  The thread drives a session (net/session.h) over a socket.  While
 * requests come, it looks CLIENT_LOOKS times whether there is more, and lets
 * other threads run in between: to be woken costs more than that, and when many
 * are served at once the next request is often there when the turn comes round.
 * Then it sleeps in recv itself.  When nothing has come for CLIENT_REST_NS, the
 * session gives its buffers back, and the thread sleeps in poll, on the
 * connection and on the descriptor that says that the server ends.  The end of
 * a gap is timed exactly, by poll too.
 *
 * A client that pipelines needs a permit (net/permits.h) for what it has sent:
 * of whose last piece two requests or more were carried out, and any client for
 * the first.  Values so large that one comes in several pieces need none.  The
 * permit is given back before the answers are sent.
 *
 * No lock is held while the peer is awaited: a session holds none between its
 * calls.
 *
 * Who may call.  client_serve: a member's thread.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include "clock.h"
#include "log.h"
#include "permits.h"
#include "roster.h"
#include "session.h"

/* A refusal waits so long for the first bytes, to be in their protocol. */
#define CLIENT_REFUSAL_NS CLOCK_NS_PER_S

/* Before it sleeps; more of them gain nothing over TCP. */
#define CLIENT_LOOKS 2

#define CLIENT_REST_NS (250 * CLOCK_NS_PER_MS)

/* What all clients of a server share.  const while any is served. */
struct client_host {
    const struct session_config *session;
    struct store_source *source;
    struct log *log;
    struct permits *permits;     /* to work, for clients that pipeline */
    int stop_fd;                 /* readable once the server ends */
    const atomic_bool *stopping; /* and this is true */
};

/* Serve the member's connection to its end.  context: struct client_host. */
void client_serve(void *context, struct member *member);

#endif
