#include "listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"

#define BACKLOG 1024
#define ANY_PORT_TRIES 32

/* Where to listen, once names have become addresses. */
struct places {
    struct sockaddr_storage addresses[LISTENER_SOCKETS_MAX];
    size_t count;
    bool optional; /* an address that the machine lacks is left out */
};

static bool
has_place(const struct places *places, const struct sockaddr *address)
{
    for (size_t i = 0; i < places->count; i++) {
        if (endpoint_is_equal((const void *)&places->addresses[i], address)) {
            return true;
        }
    }
    return false;
}

static int
add_found(struct places *places, const struct addrinfo *found,
          struct complaint *complaint)
{
    for (; found; found = found->ai_next) {
        if (has_place(places, found->ai_addr)) {
            continue;
        }
        if (places->count == LISTENER_SOCKETS_MAX) {
            complaint_set(complaint, "more than %d addresses to listen on",
                          LISTENER_SOCKETS_MAX);
            return E2BIG;
        }
        assert(found->ai_addrlen <= sizeof places->addresses[0]);
        memcpy(&places->addresses[places->count++], found->ai_addr,
               found->ai_addrlen);
    }
    return 0;
}

static int
resolve(struct places *places, const char *name, struct complaint *complaint)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    /* The resolver takes an empty name for the loopback; a person does not. */
    int failed =
        name[0] == '\0' ? EAI_NONAME : getaddrinfo(name, NULL, &hints, &found);
    if (failed) {
        complaint_set(
            complaint,
            "--listen '%s' is no address of this machine (%s); 'ip address' "
            "lists those",
            name,
            failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
        return EADDRNOTAVAIL;
    }
    int error = add_found(places, found, complaint);
    freeaddrinfo(found);
    return error;
}

static int
resolve_all(struct places *places, const char *const *names, size_t count,
            struct complaint *complaint)
{
    static const char *const loopback[] = {"127.0.0.1", "::1"};

    places->count = 0;
    places->optional = count == 0;
    if (count == 0) {
        names = loopback;
        count = sizeof loopback / sizeof loopback[0];
    }
    for (size_t i = 0; i < count; i++) {
        int error = resolve(places, names[i], complaint);
        if (error) {
            return error;
        }
    }
    return 0;
}

/* Errors: those of the socket calls; *made is open on success only */
static int
make_socket(const struct sockaddr *address, int *made)
{
    const int on = 1;

    int fd = socket(address->sa_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    int failed = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!failed && address->sa_family == AF_INET6) {
        failed = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (!failed) {
        failed = bind(fd, address, endpoint_bytes(address));
    }
    if (!failed) {
        failed = listen(fd, BACKLOG);
    }
    if (failed) {
        int error = errno;
        (void)close(fd);
        return error;
    }
    *made = fd;
    return 0;
}

static int
learn_port(struct listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;

    if (getsockname(listener->sockets[0], (struct sockaddr *)&address, &bytes) <
        0) {
        return errno;
    }
    listener->port = endpoint_port((struct sockaddr *)&address);
    return 0;
}

static bool
is_missing(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* Two addresses of one family, of which one stands for all. */
static bool
overlaps(const struct listener *listener, const struct sockaddr *address,
         char other[static ENDPOINT_TEXT_MAX])
{
    for (size_t i = 0; i < listener->count; i++) {
        struct sockaddr_storage taken = {0};
        socklen_t bytes = sizeof taken;
        if (getsockname(listener->sockets[i], (struct sockaddr *)&taken,
                        &bytes) == 0 &&
            taken.ss_family == address->sa_family &&
            (endpoint_is_wildcard(address) ||
             endpoint_is_wildcard((struct sockaddr *)&taken))) {
            endpoint_describe_host((struct sockaddr *)&taken, other);
            return true;
        }
    }
    return false;
}

/* Why not there, and what would be right. */
static int
complain(const struct listener *listener, const struct sockaddr *address,
         int error, struct complaint *complaint)
{
    char name[ENDPOINT_TEXT_MAX];
    char other[ENDPOINT_TEXT_MAX];

    endpoint_describe_host(address, name);
    if (error == EADDRINUSE && overlaps(listener, address, other)) {
        complaint_set(complaint,
                      "--listen %s and --listen %s overlap: one of them is "
                      "enough",
                      other, name);
        return EADDRNOTAVAIL;
    }
    if (error == EADDRNOTAVAIL) {
        complaint_set(complaint,
                      "--listen %s is no address of this machine; 'ip "
                      "address' lists those",
                      name);
        return error;
    }
    complaint_set(complaint, "cannot listen on %s port %u: %s", name,
                  (unsigned)listener->port, strerror(error));
    return error;
}

static int
open_place(struct listener *listener, struct sockaddr_storage *place,
           bool optional, struct complaint *complaint)
{
    struct sockaddr *address = (struct sockaddr *)place;

    endpoint_set_port(address, listener->port);
    int error = make_socket(address, &listener->sockets[listener->count]);
    if (error && optional && is_missing(error)) {
        return 0;
    }
    if (!error) {
        listener->count++;
        error = listener->port == LISTENER_ANY_PORT ? learn_port(listener) : 0;
    }
    return error ? complain(listener, address, error, complaint) : 0;
}

static int
open_all(struct listener *listener, struct places *places, uint16_t port,
         struct complaint *complaint)
{
    listener_init(listener, port);
    for (size_t i = 0; i < places->count; i++) {
        int error = open_place(listener, &places->addresses[i],
                               places->optional, complaint);
        if (error) {
            listener_close(listener);
            return error;
        }
    }
    if (listener->count == 0) {
        complaint_set(complaint, "this machine has neither 127.0.0.1 nor ::1; "
                                 "--listen names another address");
        return EADDRNOTAVAIL;
    }
    return 0;
}

void
listener_init(struct listener *listener, uint16_t port)
{
    *listener = (struct listener){.port = port, .local = {.fd = -1}};
}

int
listener_open(struct listener *listener, const char *const *addresses,
              size_t addresses_count, uint16_t port,
              struct complaint *complaint)
{
    struct places places;
    const int tries = port == LISTENER_ANY_PORT ? ANY_PORT_TRIES : 1;

    listener_init(listener, port);
    int error = resolve_all(&places, addresses, addresses_count, complaint);
    if (error) {
        return error;
    }
    error = EADDRINUSE;
    for (int i = 0; i < tries && error == EADDRINUSE; i++) {
        error = open_all(listener, &places, port, complaint);
    }
    return error;
}

static bool
has_port(const struct sockaddr *address)
{
    return address->sa_family == AF_INET || address->sa_family == AF_INET6;
}

/* Errors: EADDRNOTAVAIL  the ports differ */
static int
agree_on_port(struct listener *listener, const struct sockaddr *address,
              struct complaint *complaint)
{
    char name[ENDPOINT_TEXT_MAX];

    if (!has_port(address) || endpoint_port(address) == listener->port) {
        return 0;
    }
    if (listener->port == LISTENER_ANY_PORT) {
        listener->port = endpoint_port(address);
        return 0;
    }
    endpoint_describe(address, name);
    complaint_set(complaint,
                  "port %u: a socket was passed that listens on %s; all must "
                  "have the port of the argument ('any' takes theirs)",
                  (unsigned)listener->port, name);
    return EADDRNOTAVAIL;
}

static int
adopt_socket(struct listener *listener, int fd, struct complaint *complaint)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;

    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) < 0) {
        int error = errno;
        complaint_set(complaint, "descriptor %d cannot be used: %s", fd,
                      strerror(error));
        return error;
    }
    listener->sockets[listener->count++] = fd;
    return agree_on_port(listener, (struct sockaddr *)&address, complaint);
}

int
listener_adopt(struct listener *listener, const int *sockets, size_t count,
               uint16_t port, struct complaint *complaint)
{
    int error = 0;

    assert(count <= LISTENER_SOCKETS_MAX);
    listener_init(listener, port);
    for (size_t i = 0; i < count && !error; i++) {
        error = adopt_socket(listener, sockets[i], complaint);
    }
    if (!error && listener->port == LISTENER_ANY_PORT) {
        complaint_set(complaint, "port 'any': the sockets that were passed "
                                 "have none; a number names this server");
        error = EADDRNOTAVAIL;
    }
    if (error) {
        listener->count = 0;
    }
    return error;
}

int
listener_open_unix(struct listener *listener,
                   const struct unix_socket_request *request,
                   struct complaint *complaint)
{
    assert(listener->local.fd < 0);
    if (listener->count == LISTENER_SOCKETS_MAX) {
        complaint_set(complaint, "more than %d addresses to listen on",
                      LISTENER_SOCKETS_MAX);
        return E2BIG;
    }
    int error = unix_socket_open(&listener->local, request, complaint);
    if (!error) {
        listener->sockets[listener->count++] = listener->local.fd;
    }
    return error;
}

static bool
has_unix(const struct listener *listener)
{
    return listener->count > 0 && listener->local.fd >= 0;
}

static size_t
tcp_count(const struct listener *listener)
{
    return has_unix(listener) ? listener->count - 1 : listener->count;
}

void
listener_close(struct listener *listener)
{
    const size_t count = tcp_count(listener);

    for (size_t i = 0; i < count; i++) {
        (void)close(listener->sockets[i]);
    }
    unix_socket_close(&listener->local);
    listener->count = 0;
}

/* Add a part to a text that is cut where it does not fit. */
static void
add_text(char text[static LISTENER_TEXT_MAX], const char *before,
         const char *part)
{
    const size_t used = strlen(text);

    (void)snprintf(text + used, LISTENER_TEXT_MAX - used, "%s%s",
                   used > 0 ? before : "", part);
}

static void
add_hosts(const struct listener *listener, char text[static LISTENER_TEXT_MAX])
{
    for (size_t i = 0; i < tcp_count(listener); i++) {
        struct sockaddr_storage address = {0};
        socklen_t bytes = sizeof address;
        char name[ENDPOINT_TEXT_MAX];
        if (getsockname(listener->sockets[i], (struct sockaddr *)&address,
                        &bytes) == 0) {
            endpoint_describe_host((struct sockaddr *)&address, name);
            add_text(text, " and ", name);
        }
    }
}

void
listener_describe(const struct listener *listener,
                  char text[static LISTENER_TEXT_MAX])
{
    char port[16];

    text[0] = '\0';
    add_hosts(listener, text);
    (void)snprintf(port, sizeof port, "port %u", (unsigned)listener->port);
    if (tcp_count(listener) > 0) {
        add_text(text, ", ", port);
    }
    if (has_unix(listener)) {
        add_text(text, ", and ", listener->local.file.path);
    }
}
