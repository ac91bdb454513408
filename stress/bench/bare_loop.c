/*
 * The limit of an architecture: a server that receives, finds the end of each
 * request, and sends an answer of the size that DIPC's has, and does nothing
 * else (bare_connection.h).  What a server that is built the same way could
 * reach at best is what this reaches.
 *
 * By itself it has a thread for each connection, as DIPC has (bare_threads.h);
 * with --events, so many threads for all of them, which wait for many
 * connections at once, as Redis does with one (bare_events.h).  Both answer
 * all that arrived together in one piece.  A request that they do not expect
 * ends the connection.
 *
 *     bare_loop [--value BYTES] [--unix PATH] [--events THREADS]
 *
 * listens on a free port of 127.0.0.1, prints it, and on PATH too; ends when
 * its standard input does, so that it outlives nobody who started it.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bare_connection.h"
#include "bare_events.h"
#include "bare_threads.h"

#define BACKLOG 1024

struct orders {
    size_t value_bytes;
    const char *path;       /* NULL: there is none */
    uint32_t event_threads; /* 0: a thread for each connection */
};

static void
die(const char *what, int error)
{
    (void)fprintf(stderr, "bare_loop: %s: %s\n", what, strerror(error));
    exit(1);
}

static int
listen_on(int family, const struct sockaddr *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, address, length) != 0 || listen(fd, BACKLOG) != 0) {
        die("cannot listen", errno);
    }
    return fd;
}

static int
listen_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = listen_on(AF_INET, (struct sockaddr *)&address, length);
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        die("cannot tell the port", errno);
    }
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
    return fd;
}

static int
listen_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        die(path, ENAMETOOLONG);
    }
    memcpy(address.sun_path, path, strlen(path));
    return listen_on(AF_UNIX, (struct sockaddr *)&address, sizeof(address));
}

static void
welcome(int listener, struct bare_events *events)
{
    const int on = 1;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int error = events->threads > 0 ? bare_events_take(events, fd)
                                    : bare_threads_take(fd);
    if (error != 0) {
        die("a connection", error);
    }
}

static void
serve(const struct orders *orders)
{
    static struct bare_events events; /* its threads outlast this function */
    bare_connection_make_answers(orders->value_bytes);
    int error = orders->event_threads > 0
                    ? bare_events_init(&events, orders->event_threads)
                    : 0;
    if (error != 0) {
        die("the threads", error);
    }
    struct pollfd awaited[] = {
        {.fd = orders->path != NULL ? listen_unix(orders->path) : -1,
         .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = listen_tcp(), .events = POLLIN},
    };
    while (poll(awaited, 3, -1) >= 0 && awaited[1].revents == 0) {
        for (int i = 0; i < 3; i += 2) {
            if ((awaited[i].revents & POLLIN) != 0) {
                welcome(awaited[i].fd, &events);
            }
        }
    }
}

/* ---- the options ---- */

static int
usage(void)
{
    (void)fprintf(stderr,
                  "usage: bare_loop [--value BYTES] [--unix PATH] "
                  "[--events THREADS]\n"
                  "  BYTES    that a read is answered with, 0 to %u (64)\n"
                  "  PATH     of a socket to listen on too\n"
                  "  THREADS  that wait for many connections at once, 1 to %u "
                  "(a thread\n"
                  "           for each connection, which waits for it alone)\n",
                  BARE_VALUE_MAX, BARE_EVENTS_THREADS_MAX);
    return 2;
}

static unsigned long
number(const char *option, const char *text, unsigned long least,
       unsigned long most)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' ||
        value < least || value > most) {
        (void)fprintf(stderr, "bare_loop: %s %s is not one of %lu to %lu\n",
                      option, text, least, most);
        exit(2);
    }
    return value;
}

static bool
take_option(struct orders *orders, const char *option, const char *text)
{
    if (strcmp(option, "--unix") == 0) {
        orders->path = text;
    } else if (strcmp(option, "--value") == 0) {
        orders->value_bytes = number(option, text, 0, BARE_VALUE_MAX);
    } else if (strcmp(option, "--events") == 0) {
        orders->event_threads =
            (uint32_t)number(option, text, 1, BARE_EVENTS_THREADS_MAX);
    } else {
        return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct orders orders = {.value_bytes = 64};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !take_option(&orders, argv[i], argv[i + 1])) {
            return usage();
        }
    }
    serve(&orders);
    return 0;
}
