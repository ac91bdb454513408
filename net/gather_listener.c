#include "gather_listener.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"

#define SOCKET_NAME "/socket"

/* A directory that nobody else may enter, and the socket in it. */
static int
open_private(struct gather_listener *listener, struct complaint *complaint)
{
    char path[GATHER_LISTENER_DIRECTORY_MAX + sizeof SOCKET_NAME];
    const struct unix_socket_request request = {
        .path = path,
        .mode = UNIX_SOCKET_MODE,
        .user = UNIX_SOCKET_SAME_USER,
        .group = UNIX_SOCKET_SAME_GROUP,
    };
    const char *parent = getenv("TMPDIR");

    if (!parent || parent[0] != '/' ||
        strlen(parent) > GATHER_LISTENER_DIRECTORY_MAX - 24) {
        parent = "/tmp";
    }
    (void)snprintf(listener->directory, sizeof listener->directory,
                   "%s/dipc-gather-XXXXXX", parent);
    if (!mkdtemp(listener->directory)) {
        int error = errno;
        complaint_set(complaint, "no directory can be made in %s: %s", parent,
                      strerror(error));
        listener->directory[0] = '\0';
        return error;
    }
    (void)snprintf(path, sizeof path, "%s" SOCKET_NAME, listener->directory);
    listener_init(&listener->base, 0);
    int error = listener_open_unix(&listener->base, &request, complaint);
    if (error) {
        (void)rmdir(listener->directory);
        listener->directory[0] = '\0';
        return error;
    }
    (void)snprintf(listener->address, sizeof listener->address, "unix:%s",
                   path);
    memcpy(listener->own_address, listener->address, sizeof listener->address);
    return 0;
}

/* "HOST:PORT" of what the first socket is bound to. */
static int
name_addresses(struct gather_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    char host[256];

    if (getsockname(listener->base.sockets[0], (struct sockaddr *)&address,
                    &bytes) < 0) {
        return errno;
    }
    if (!endpoint_is_wildcard((struct sockaddr *)&address)) {
        static_assert(sizeof listener->address >= ENDPOINT_TEXT_MAX, "it fits");
        endpoint_describe((struct sockaddr *)&address, listener->address);
        memcpy(listener->own_address, listener->address,
               sizeof listener->address);
        return 0;
    }
    if (gethostname(host, sizeof host) < 0) {
        return errno;
    }
    host[sizeof host - 1] = '\0';
    (void)snprintf(listener->address, sizeof listener->address, "%s:%u", host,
                   (unsigned)listener->base.port);
    (void)snprintf(listener->own_address, sizeof listener->own_address, "%s:%u",
                   address.ss_family == AF_INET6 ? "[::1]" : "127.0.0.1",
                   (unsigned)listener->base.port);
    return 0;
}

static int
open_public(struct gather_listener *listener, const char *address,
            uint16_t port, struct complaint *complaint)
{
    int error = listener_open(&listener->base, &address, 1, port, complaint);
    if (error) {
        return error;
    }
    error = name_addresses(listener);
    if (error) {
        complaint_set(complaint, "this machine's name is not known: %s",
                      strerror(error));
        listener_close(&listener->base);
    }
    return error;
}

int
gather_listener_open(struct gather_listener *listener, const char *address,
                     uint16_t port, struct complaint *complaint)
{
    return address ? open_public(listener, address, port, complaint)
                   : open_private(listener, complaint);
}

void
gather_listener_close(struct gather_listener *listener)
{
    listener_close(&listener->base);
    if (gather_listener_is_private(listener)) {
        (void)rmdir(listener->directory);
        listener->directory[0] = '\0';
    }
}

void
gather_listener_let_go(const struct gather_listener *listener)
{
    for (size_t i = 0; i < listener->base.count; i++) {
        (void)close(listener->base.sockets[i]);
    }
}

bool
gather_listener_is_private(const struct gather_listener *listener)
{
    return listener->directory[0] != '\0';
}

void
gather_listener_clear(const struct gather_listener *listener)
{
    if (unix_socket_clear(&listener->base.local.file, UNIX_SOCKET_SAME_USER)) {
        (void)rmdir(listener->directory);
    }
}
