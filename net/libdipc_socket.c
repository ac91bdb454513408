#include "libdipc_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "libdipc_error.h"
#include "libdipc_resolver.h"

/* Where the system has no memory for a moment. */
#define FAILURES_MAX 100

short
libdipc_socket_await(int fd, short events, uint64_t deadline_ns)
{
    struct pollfd awaited = {.fd = fd, .events = events};
    unsigned failures = 0;
    int ready;

    do {
        awaited.revents = 0;
        ready = poll(&awaited, 1,
                     clock_remaining_ms(clock_now_ns(NULL), deadline_ns));
    } while ((ready < 0 && (errno == EINTR || ++failures < FAILURES_MAX)) ||
             (ready == 0 && clock_now_ns(NULL) < deadline_ns));
    return awaited.revents;
}

static enum dipc_status
status_of(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case EACCES:
    case EPERM:
    case EPROTOTYPE:
        return DIPC_REFUSED;
    case ENOENT:
    case ENOTDIR:
        return DIPC_NOT_FOUND;
    case ETIMEDOUT:
    case EAGAIN:
        return DIPC_TIMED_OUT;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
        return DIPC_NO_MEMORY;
    default:
        return DIPC_UNREACHABLE;
    }
}

static enum dipc_status
fail(struct dipc_error *error, const char *what, int number)
{
    char room[LIBDIPC_ERROR_ROOM];

    if (number == ETIMEDOUT || number == EAGAIN) {
        return libdipc_fail(error, DIPC_TIMED_OUT,
                            "%s: no connection within the timeout", what);
    }
    return libdipc_fail(error, status_of(number), "%s: %s", what,
                        libdipc_error_text(number, room, sizeof room));
}

/* Errors: ETIMEDOUT, and what became of the attempt */
static int
finish_connecting(int fd, uint64_t deadline_ns)
{
    int error = 0;
    socklen_t bytes = sizeof error;

    if (!libdipc_socket_await(fd, POLLOUT, deadline_ns)) {
        return ETIMEDOUT;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0) {
        return errno;
    }
    return error;
}

static int
connect_address(const struct addrinfo *address, uint64_t deadline_ns, int *made)
{
    const int on = 1;
    int error = 0;

    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)!setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
        error = errno;
    }
    if (error == EINPROGRESS || error == EINTR) {
        error = finish_connecting(fd, deadline_ns);
    }
    if (error) {
        (void)close(fd);
        return error;
    }
    *made = fd;
    return 0;
}

static unsigned
count(const struct addrinfo *addresses)
{
    unsigned found = 0;

    for (; addresses; addresses = addresses->ai_next) {
        found++;
    }
    return found;
}

/* An address that answers nothing leaves the others their share of the time. */
static uint64_t
share_ns(uint64_t deadline_ns, unsigned left)
{
    const uint64_t now_ns = clock_now_ns(NULL);

    if (deadline_ns == CLOCK_NEVER || deadline_ns <= now_ns) {
        return deadline_ns;
    }
    return now_ns + (deadline_ns - now_ns) / left;
}

static int
connect_any(const struct addrinfo *addresses, uint64_t deadline_ns, int *fd)
{
    int error = ETIMEDOUT;

    for (unsigned left = count(addresses); left > 0; left--) {
        error = connect_address(addresses, share_ns(deadline_ns, left), fd);
        if (!error) {
            return 0;
        }
        addresses = addresses->ai_next;
    }
    return error;
}

static enum dipc_status
fail_to_resolve(struct dipc_error *error, const char *what, int failed,
                int number)
{
    char room[LIBDIPC_ERROR_ROOM];

    if (failed == EAI_MEMORY) {
        return libdipc_fail(error, DIPC_NO_MEMORY, "%s: no memory", what);
    }
    if (failed == EAI_INPROGRESS) {
        return libdipc_fail(error, DIPC_TIMED_OUT,
                            "%s: the name was not resolved within the timeout",
                            what);
    }
    return libdipc_fail(error, DIPC_NOT_FOUND, "%s: %s", what,
                        failed == EAI_SYSTEM
                            ? libdipc_error_text(number, room, sizeof room)
                            : gai_strerror(failed));
}

enum dipc_status
libdipc_socket_tcp(const char *host, const char *service, uint64_t deadline_ns,
                   int *fd, struct dipc_error *error)
{
    struct addrinfo *found = NULL;
    int number = 0;
    char what[DIPC_MESSAGE_MAX / 2];

    (void)snprintf(what, sizeof what, "%s port %s", host, service);
    int failed =
        libdipc_resolver_find(host, service, deadline_ns, &found, &number);
    if (failed) {
        return fail_to_resolve(error, what, failed, number);
    }
    number = connect_any(found, deadline_ns, fd);
    freeaddrinfo(found);
    return number ? fail(error, what, number) : DIPC_OK;
}

/* How long a blocking connect to a Unix socket may wait for a place. */
static int
set_patience(int fd, uint64_t deadline_ns)
{
    const struct timespec left =
        clock_remaining(clock_now_ns(NULL), deadline_ns);
    struct timeval patience = {.tv_sec = left.tv_sec,
                               .tv_usec = left.tv_nsec / 1000};

    if (deadline_ns == CLOCK_NEVER) {
        patience = (struct timeval){0};
    } else if (patience.tv_sec == 0 && patience.tv_usec == 0) {
        patience.tv_usec = 1;
    }
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) <
                   0
               ? errno
               : 0;
}

/*
 * A full queue makes a socket that does not block fail at once, and nothing
 * tells when there is room again; so this one blocks, by the deadline.
 */
static int
connect_path(int fd, const char *path, uint64_t deadline_ns)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    do {
        error = set_patience(fd, deadline_ns);
        if (!error && connect(fd, (const void *)&address, sizeof address) < 0) {
            error = errno;
        }
    } while (error == EINTR);
    if (!error && fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        error = errno;
    }
    return error;
}

enum dipc_status
libdipc_socket_unix(const char *path, uint64_t deadline_ns, int *fd,
                    struct dipc_error *error)
{
    const size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path;

    if (path[0] == '\0' || strlen(path) >= room) {
        return libdipc_fail(error, DIPC_INVALID,
                            "a Unix socket's path has 1 to %zu bytes, not %zu",
                            room - 1, strlen(path));
    }
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        return fail(error, path, errno);
    }
    int number = connect_path(*fd, path, deadline_ns);
    if (number) {
        (void)close(*fd);
        return fail(error, path, number);
    }
    return DIPC_OK;
}
