#ifndef DIPC_BARE_CONNECTION_H
#define DIPC_BARE_CONNECTION_H

/*
 * One connection of the bare loop: the bytes that came, and those to be sent.
 *
 * Idea.  What a server at its limit does for a request is here, once, whoever
 * calls it when: find the end of each request that is whole, of DIPC's own
 * protocol or of Redis's by its first byte, and put an answer as long as
 * DIPC's into the output, which is sent in one piece.  Nothing is stored,
 * locked, counted or timed, and no request is looked at but for its length and
 * whether it reads.
 *
 * Whether the socket blocks is the caller's affair.  On one that does not,
 * answers may be left over that the peer does not take yet: it owes them, and
 * neither receives nor answers more before they are gone, so that a connection
 * takes no more than its two buffers.
 *
 * Who may call.  One thread at a time for each connection.
 */

#include <stdbool.h>
#include <stddef.h>

#define BARE_VALUE_MAX 65536U /* bytes of a value, written or read */

struct bare_connection;

/* Reads are answered with so many bytes.  Before the first connection. */
void bare_connection_make_answers(size_t value_bytes);

/*
 * A connection on a socket, which it takes; NULL when there is no memory, and
 * the socket is the caller's still.
 */
struct bare_connection *bare_connection_create(int fd);

/* Closes its socket. */
void bare_connection_destroy(struct bare_connection *c);

int bare_connection_fd(const struct bare_connection *c);

/*
 * Receive once, if nothing is owed.  false: the connection is over.
 */
bool bare_connection_receive(struct bare_connection *c);

/*
 * Answer all requests that are whole and send the answers, as far as the peer
 * takes them.  false: the connection is over, or a request was not expected.
 */
bool bare_connection_answer(struct bare_connection *c);

/* Answers wait for the peer to take those before them. */
bool bare_connection_owes(const struct bare_connection *c);

#endif
