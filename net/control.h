#ifndef DIPC_CONTROL_H
#define DIPC_CONTROL_H

/*
 * The control channel: how `dipcrm` asks a server of the same user to end.
 *
 * Idea.  A Unix socket in a directory that only the user can enter, where one
 * message is one request and is answered by one message.  Each side asks the
 * kernel who the other is: the server obeys its own user and root, and whoever
 * asks makes sure that the process that listens is the one that holds the
 * segment.  Nothing that arrives over the network comes near it.
 *
 *     stop  ->  stopping
 *
 * A socket file outlives a killed server.  It is removed only while the
 * directory is locked and nobody listens on it; a server binds its own under
 * the same lock, so nobody removes a socket that has just been made.
 *
 * The server can be asked to end when its clients have taken every descriptor:
 * a spare one is kept for that, and peers that have said nothing yet make room.
 *
 * Who may call.  The server's main thread; control_ask_stop, control_owner
 * and control_clear: any process.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "complaint.h"
#include "naming.h"
#include "unix_socket.h"

#define CONTROL_PEERS_MAX 8

struct control {
    int directory;
    int listener;
    int epoll; /* readable when control_dispatch has something to do */
    int peers[CONTROL_PEERS_MAX]; /* -1: free */
    unsigned next_peer;           /* whose place the next one takes */
    int spare_fd;                 /* given up to let a peer in; -1: it was */
    char name[NAMING_MAX];
    uint16_t port;
};

/*
 * Listen for the calling process's user.
 * Context:  the caller owns the segment of this user and port, so that a
 *           socket that is there already is a dead server's.
 * Errors:   EPERM, ENOENT  no directory can be used; the complaint says why
 *           any other      from the socket calls
 */
int
control_open(struct control *control, uint16_t port,
             struct complaint *complaint) __attribute__((warn_unused_result));

/*
 * Leave a note of the Unix socket by which clients reach the server, so that
 * control_clear finds it should the server be killed.
 * Errors: those of symlinkat
 */
int control_note_socket(struct control *control,
                        const struct unix_socket_file *file)
    __attribute__((warn_unused_result));

/* Stop listening and remove the socket, and the note if there is one. */
void control_close(struct control *control);

/* Do what can be done now; true when the server was asked to end. */
bool
control_dispatch(struct control *control) __attribute__((warn_unused_result));

/*
 * Ask the server of a user and port to end.
 *   server       the process that must be the one that listens
 *   deadline_ns  absolute, CLOCK_MONOTONIC
 * Errors:  ENOENT     nobody listens in any of the user's directories
 *          EPERM      somebody else than `server` listens there
 *          ETIMEDOUT  no answer by the deadline
 */
int control_ask_stop(uid_t user, uint16_t port, pid_t server,
                     uint64_t deadline_ns) __attribute__((warn_unused_result));

/*
 * Which process listens for a user and port?
 * Errors:  ENOENT  none of that user, in any of the user's directories
 */
int control_owner(uid_t user, uint16_t port, pid_t *owner)
    __attribute__((warn_unused_result));

/*
 * Remove a user's sockets for this port that nobody listens on, and the one for
 * clients that a note tells of; how many?
 */
unsigned control_clear(uid_t user, uint16_t port);

#endif
