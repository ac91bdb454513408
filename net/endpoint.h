#ifndef DIPC_ENDPOINT_H
#define DIPC_ENDPOINT_H

/*
 * An endpoint: an internet address and a port, of either family, or a process
 * of this machine.
 *
 * Who may call.  Any thread.  Nothing here asks the resolver.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ENDPOINT_TEXT_MAX 64

uint16_t endpoint_port(const struct sockaddr *address);
void endpoint_set_port(struct sockaddr *address, uint16_t port);
socklen_t endpoint_bytes(const struct sockaddr *address);

/* The same host; the ports are not compared. */
bool endpoint_is_equal(const struct sockaddr *a, const struct sockaddr *b);

/* Does it stand for all addresses of its family? */
bool endpoint_is_wildcard(const struct sockaddr *address);

/* "127.0.0.1", "::1", or a Unix socket's path, cut. */
void endpoint_describe_host(const struct sockaddr *address,
                            char text[static ENDPOINT_TEXT_MAX]);

/* "127.0.0.1:7000" or "[::1]:7000". */
void endpoint_describe(const struct sockaddr *address,
                       char text[static ENDPOINT_TEXT_MAX]);

/*
 * The same for the other end of a connection.  One over a Unix socket has no
 * address: "process 4242 of user 1000", as it was when it connected.
 */
void endpoint_describe_peer(int fd, const struct sockaddr *address,
                            char text[static ENDPOINT_TEXT_MAX]);

#endif
