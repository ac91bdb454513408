#ifndef DIPC_BARE_THREADS_H
#define DIPC_BARE_THREADS_H

/*
 * The limit of a server with a thread for each connection: it waits in recv,
 * and whenever something came, answers it.
 */

/*
 * Serve a connection that is accepted, by a thread of its own.
 * Context:  any thread
 * Errors:   ENOMEM, EAGAIN  there is no memory, or no thread; the socket is
 *                           the caller's still
 */
int bare_threads_take(int fd);

#endif
