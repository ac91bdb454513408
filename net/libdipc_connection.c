#include "dipc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "libdipc_error.h"
#include "libdipc_exchange.h"
#include "libdipc_socket.h"

#define HOST_MAX 256 /* a host name has 253 bytes at most */

const char *
dipc_library_version(void)
{
    return DIPC_LIBRARY_VERSION;
}

/* The memory comes first: what is connected can then be kept. */
static enum dipc_status
create(int timeout_ms, struct dipc_connection **made, struct dipc_error *error)
{
    if (timeout_ms < DIPC_FOREVER) {
        return libdipc_fail(error, DIPC_INVALID,
                            "a timeout of %d ms is neither 0 or more nor "
                            "DIPC_FOREVER",
                            timeout_ms);
    }
    *made = calloc(1, sizeof **made);
    if (!*made) {
        return libdipc_fail(error, DIPC_NO_MEMORY, "no memory");
    }
    (*made)->timeout_ms = timeout_ms;
    return DIPC_OK;
}

/* Give the connection to the caller, or take its memory back. */
static enum dipc_status
finish(enum dipc_status status, struct dipc_connection *made,
       struct dipc_connection **connection)
{
    if (status != DIPC_OK) {
        free(made);
        made = NULL;
    }
    *connection = made;
    return status;
}

enum dipc_status
dipc_connect(const char *host, const char *service, int timeout_ms,
             struct dipc_connection **connection, struct dipc_error *error)
{
    struct dipc_connection *made = NULL;

    *connection = NULL;
    if (!host || !service || !*host || !*service) {
        return libdipc_fail(error, DIPC_INVALID,
                            "a host and a service are wanted");
    }
    enum dipc_status status = create(timeout_ms, &made, error);
    if (status != DIPC_OK) {
        return status;
    }
    status = libdipc_socket_tcp(
        host, service, libdipc_exchange_deadline_ns(made, 0), &made->fd, error);
    return finish(status, made, connection);
}

enum dipc_status
dipc_connect_unix(const char *path, int timeout_ms,
                  struct dipc_connection **connection, struct dipc_error *error)
{
    struct dipc_connection *made = NULL;

    *connection = NULL;
    if (!path) {
        return libdipc_fail(error, DIPC_INVALID, "a path is wanted");
    }
    enum dipc_status status = create(timeout_ms, &made, error);
    if (status != DIPC_OK) {
        return status;
    }
    status = libdipc_socket_unix(path, libdipc_exchange_deadline_ns(made, 0),
                                 &made->fd, error);
    return finish(status, made, connection);
}

/* "host:port", "[host]:port", ":port" or "port", in two. */
static bool
split(const char *server, char host[static HOST_MAX], const char **service)
{
    const char *colon = strrchr(server, ':');
    const char *from = server;
    size_t length = colon ? (size_t)(colon - server) : 0;

    *service = colon ? colon + 1 : server;
    if (length >= 2 && from[0] == '[' && from[length - 1] == ']') {
        from++;
        length -= 2;
    } else if (memchr(from, ':', length)) {
        return false;
    }
    if (length >= HOST_MAX || **service == '\0') {
        return false;
    }
    (void)snprintf(host, HOST_MAX, "%.*s", (int)length, from);
    if (length == 0) {
        (void)snprintf(host, HOST_MAX, "localhost");
    }
    return true;
}

enum dipc_status
dipc_connect_server(const char *server, int timeout_ms,
                    struct dipc_connection **connection,
                    struct dipc_error *error)
{
    char host[HOST_MAX];
    const char *service;

    *connection = NULL;
    if (server && strchr(server, '/')) {
        return dipc_connect_unix(server, timeout_ms, connection, error);
    }
    if (!server || !split(server, host, &service)) {
        return libdipc_fail(error, DIPC_INVALID,
                            "the server '%s' is not HOST:PORT, [ADDRESS]:PORT, "
                            "PORT or a path with a slash",
                            server ? server : "");
    }
    return dipc_connect(host, service, timeout_ms, connection, error);
}

void
dipc_set_timeout(struct dipc_connection *connection, int timeout_ms)
{
    connection->timeout_ms =
        timeout_ms < DIPC_FOREVER ? DIPC_FOREVER : timeout_ms;
}

bool
dipc_is_connected(const struct dipc_connection *connection)
{
    return !connection->is_lost;
}

int
dipc_descriptor(const struct dipc_connection *connection)
{
    return connection->fd;
}

void
dipc_close(struct dipc_connection *connection)
{
    if (connection) {
        (void)close(connection->fd);
        free(connection);
    }
}
