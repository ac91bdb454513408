#ifndef DIPC_GATHER_LISTENER_H
#define DIPC_GATHER_LISTENER_H

/*
 * Where children find their parent: the socket that it listens on, and how they
 * and others name it.
 *
 * Idea.  Children of this machine need no port that anybody could knock at: a
 * Unix socket in a directory that is made for it, and that nobody else may
 * enter.  For children elsewhere it is one address and port; where that is any
 * address, others are told this machine's name, and the children made here the
 * loopback's.
 *
 * What is private has a file, which its maker removes, or, where that was
 * killed, a child that finds nobody behind it.
 *
 * Invariants.
 *   E1  a directory is the listener's own, and the socket is all that is in it
 *
 * Who may call.  The parent's thread; after a fork, the child on its copy.
 */

#include <stdbool.h>
#include <stdint.h>

#include "complaint.h"
#include "listener.h"

#define GATHER_LISTENER_ADDRESS_MAX 320
#define GATHER_LISTENER_DIRECTORY_MAX 64

struct gather_listener {
    struct listener base;
    /* Where the Unix socket is; "": there is none. */
    char directory[GATHER_LISTENER_DIRECTORY_MAX];
    char address[GATHER_LISTENER_ADDRESS_MAX];     /* for others */
    char own_address[GATHER_LISTENER_ADDRESS_MAX]; /* for those made here */
};

/*
 * Listen.
 *   address  of this machine, or a name of it; NULL: a private Unix socket
 *   port     or LISTENER_ANY_PORT
 * Context:  *listener is all 0; may ask the resolver, and so wait for it.
 * Errors:   those of listener_open, listener_open_unix, mkdtemp, gethostname
 * After an error nothing is open and no file is left.
 */
int gather_listener_open(struct gather_listener *listener, const char *address,
                         uint16_t port, struct complaint *complaint)
    __attribute__((warn_unused_result));

/* Stop listening, and remove what is private; may be called again. */
void gather_listener_close(struct gather_listener *listener);

/*
 * Close the sockets in a child, where the parent goes on listening.
 * Context:  the listener is only good for its names, and to clear, after this.
 */
void gather_listener_let_go(const struct gather_listener *listener);

/* Is it a Unix socket in a directory of its own? */
bool gather_listener_is_private(const struct gather_listener *listener);

/*
 * In a child whose parent was killed: remove the parent's socket and directory,
 * unless somebody listens.
 * Context:  it is private.
 */
void gather_listener_clear(const struct gather_listener *listener);

#endif
