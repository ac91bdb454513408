#ifndef DIPC_LISTENER_H
#define DIPC_LISTENER_H

/*
 * A listener: the sockets on which a server is reached: all of TCP's on one
 * port, and one Unix socket.
 *
 * Idea.  The port is one number for all addresses.  Asked for any port, the
 * listener lets the system choose one for the first address and then claims
 * the same for the others; it begins again when somebody has one of those.
 * So whoever starts a server learns its port without a race.
 *
 * Who may call.  One thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "complaint.h"
#include "unix_socket.h"

#define LISTENER_SOCKETS_MAX 32
#define LISTENER_ANY_PORT 0

struct listener {
    int sockets[LISTENER_SOCKETS_MAX]; /* not blocking */
    size_t count;
    uint16_t port;
    struct unix_socket local; /* the last of the sockets; fd -1: none */
};

/*
 * Listen.
 *   addresses  numbers or host names; none of them: 127.0.0.1 and ::1, as far
 *              as the machine has them
 *   port       or LISTENER_ANY_PORT
 * Context:  may ask the resolver for names, and so wait for it.
 * Errors:   EADDRINUSE  somebody has the port
 *           any other   from the resolver and the socket calls
 * After an error nothing is open, and the complaint names the address.
 */
int
listener_open(struct listener *listener, const char *const *addresses,
              size_t addresses_count, uint16_t port,
              struct complaint *complaint) __attribute__((warn_unused_result));

/*
 * Listen on sockets that somebody else opened.
 *   sockets  listening stream sockets, at most LISTENER_SOCKETS_MAX
 *   port     the one of each of them that has a port, or LISTENER_ANY_PORT:
 *            whichever it is
 * Errors:  EADDRNOTAVAIL  a socket has another port, or none tells which
 *          any other      from the socket calls
 * After an error they are as they were, and the complaint names the one.
 */
int listener_adopt(struct listener *listener, const int *sockets, size_t count,
                   uint16_t port, struct complaint *complaint)
    __attribute__((warn_unused_result));

/*
 * A listener without any socket yet.
 *   port  only a number, by which others know the server
 */
void listener_init(struct listener *listener, uint16_t port);

/*
 * Listen on a Unix socket too.
 * Context:  after listener_open or listener_init, once.
 * Errors:   those of unix_socket_open; the rest of the listener is as it was
 */
int listener_open_unix(struct listener *listener,
                       const struct unix_socket_request *request,
                       struct complaint *complaint)
    __attribute__((warn_unused_result));

/*
 * Stop listening, and remove the Unix socket's file; may be called again.
 */
void listener_close(struct listener *listener);

#define LISTENER_TEXT_MAX 384

/*
 * "127.0.0.1 and ::1, port 7000, and /run/dipc.sock", cut at
 * LISTENER_TEXT_MAX; for people.
 */
void listener_describe(const struct listener *listener,
                       char text[static LISTENER_TEXT_MAX]);

#endif
