#ifndef DIPC_LIBDIPC_SOCKET_H
#define DIPC_LIBDIPC_SOCKET_H

/*
 * Sockets that are connected, and awaited, by a deadline.
 *
 * Who may call.  Any thread.  No signal is raised, and none ends a wait early.
 */

#include "dipc.h"

/*
 * Connect to one of a name's addresses after the other.
 *   deadline_ns  absolute, CLOCK_MONOTONIC; CLOCK_NEVER: none
 *   fd           not blocking
 * Errors: those of dipc_connect
 */
enum dipc_status
libdipc_socket_tcp(const char *host, const char *service, uint64_t deadline_ns,
                   int *fd, struct dipc_error *error)
    __attribute__((warn_unused_result));

enum dipc_status libdipc_socket_unix(const char *path, uint64_t deadline_ns,
                                     int *fd, struct dipc_error *error)
    __attribute__((warn_unused_result));

/*
 * Wait for events of poll(2).  What is ready, at the deadline 0.
 */
short libdipc_socket_await(int fd, short events, uint64_t deadline_ns);

#endif
