/*
 * The limit: a thread for each connection that receives, finds the end of each
 * request, and sends an answer of the size that DIPC's has.  Nothing is
 * stored, locked, counted or timed, and no request is looked at but for its
 * length and whether it reads.  What a server of one thread per connection
 * could reach at best is what this reaches.
 *
 * It finds requests of DIPC's own protocol and of Redis's, by the first byte,
 * and answers all that arrived together in one piece.  A request that it does
 * not expect ends the connection.
 *
 *     bare_loop [--value BYTES] [--unix PATH]
 *
 * listens on a free port of 127.0.0.1, prints it, and on PATH too; ends when
 * its standard input does, so that it outlives nobody who started it.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define VALUE_MAX 65536U
#define IN_BYTES (VALUE_MAX + 65536U) /* one request and what came with it */
#define OUT_BYTES (VALUE_MAX + 32768U)
#define STACK_BYTES 65536U
#define BACKLOG 1024
#define WORDS_MAX 16

/* An answer; const once the first connection is there. */
struct answer {
    size_t length;
    char bytes[VALUE_MAX + 128];
};

static struct answer own_read;
static struct answer own_write;
static struct answer redis_get;
static struct answer redis_other;

struct request {
    size_t length; /* 0: it is not whole yet */
    const struct answer *answer;
    bool unexpected;
};

struct connection {
    int fd;
    size_t in_begin;
    size_t in_end;
    size_t out_end;
    char in[IN_BYTES];
    char out[OUT_BYTES];
};

static void
die(const char *what, int error)
{
    (void)fprintf(stderr, "bare_loop: %s: %s\n", what, strerror(error));
    exit(1);
}

/* ---- the end of a request ---- */

/* A number at most, and where it ends. */
static size_t
number(const char **at, const char *end)
{
    size_t value = 0;
    while (*at < end && **at >= '0' && **at <= '9' && value < VALUE_MAX * 2) {
        value = value * 10 + (size_t)(*(*at)++ - '0');
    }
    return value;
}

/* `r <mailbox>` or `w <mailbox> <length>` and its data. */
static struct request
own_request(const char *in, const char *end)
{
    const char *line_end = memchr(in, '\n', (size_t)(end - in));
    struct request request = {.answer = &own_read};
    if (line_end == NULL) {
        return request;
    }
    size_t length = 0;
    if (*in == 'w') {
        const char *at = in + 2;
        (void)number(&at, line_end);
        at += at < line_end;
        length = number(&at, line_end);
        request.answer = &own_write;
    } else if (*in != 'r') {
        request.unexpected = true;
    }
    size_t whole = (size_t)(line_end + 1 - in) + length;
    request.length = whole <= (size_t)(end - in) ? whole : 0;
    return request;
}

/* `*N` and N times `$length` and so many bytes. */
static struct request
redis_request(const char *in, const char *end)
{
    struct request request = {.answer = &redis_other};
    const char *at = in + 1;
    size_t words = number(&at, end);
    bool expected = words <= WORDS_MAX;
    at += 2;
    for (size_t i = 0; i < words && expected; i++) {
        if (at >= end) {
            return request;
        }
        expected = *at++ == '$';
        size_t length = number(&at, end);
        at += 2;
        if (i == 0 && end - at >= 3 && memcmp(at, "GET", 3) == 0) {
            request.answer = &redis_get;
        }
        at += length + 2;
    }
    request.unexpected = !expected;
    request.length = at <= end ? (size_t)(at - in) : 0;
    return request;
}

/* ---- one connection ---- */

static bool
flush(struct connection *c)
{
    size_t begin = 0;
    while (begin < c->out_end) {
        ssize_t sent =
            send(c->fd, c->out + begin, c->out_end - begin, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        begin += (size_t)sent;
    }
    c->out_end = 0;
    return true;
}

static bool
answer_all(struct connection *c)
{
    while (c->in_begin < c->in_end) {
        const char *in = c->in + c->in_begin;
        const char *end = c->in + c->in_end;
        struct request request =
            *in == '*' ? redis_request(in, end) : own_request(in, end);
        if (request.unexpected) {
            return false;
        }
        if (request.length == 0) {
            break;
        }
        c->in_begin += request.length;
        if (c->out_end + request.answer->length > OUT_BYTES && !flush(c)) {
            return false;
        }
        memcpy(c->out + c->out_end, request.answer->bytes,
               request.answer->length);
        c->out_end += request.answer->length;
    }
    return flush(c);
}

static bool
receive(struct connection *c)
{
    if (c->in_begin > 0) {
        c->in_end -= c->in_begin;
        memmove(c->in, c->in + c->in_begin, c->in_end);
        c->in_begin = 0;
    }
    ssize_t got = recv(c->fd, c->in + c->in_end, IN_BYTES - c->in_end, 0);
    if (got <= 0) {
        return false;
    }
    c->in_end += (size_t)got;
    return true;
}

static void *
serve(void *argument)
{
    struct connection *c = argument;
    while (receive(c) && answer_all(c)) {
    }
    (void)close(c->fd);
    free(c);
    return NULL;
}

static void
welcome(int listener, const pthread_attr_t *attributes)
{
    pthread_t thread;
    const int on = 1;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct connection *c = malloc(sizeof(*c));
    if (c == NULL) {
        die("a connection", ENOMEM);
    }
    c->fd = fd;
    c->in_begin = c->in_end = c->out_end = 0;
    int error = pthread_create(&thread, attributes, serve, c);
    if (error != 0) {
        die("a thread", error);
    }
}

/* ---- the listeners ---- */

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

/* Versions of six digits, which is what a busy mailbox has. */
static void
make_answers(size_t value)
{
    char head[64];
    own_write.length = (size_t)snprintf(
        own_write.bytes, 64, "ok 0 version=100000 size=%zu\n", value);
    size_t length = (size_t)snprintf(
        head, sizeof(head), "ok %zu version=100000 size=%zu\n", value, value);
    memcpy(own_read.bytes, head, length);
    memset(own_read.bytes + length, 'x', value);
    own_read.length = length + value;
    length = (size_t)snprintf(head, sizeof(head), "$%zu\r\n", value);
    memcpy(redis_get.bytes, head, length);
    memset(redis_get.bytes + length, 'x', value);
    memcpy(redis_get.bytes + length + value, "\r\n", 2);
    redis_get.length = length + value + 2;
    memcpy(redis_other.bytes, "+OK\r\n", 5);
    redis_other.length = 5;
}

static int
usage(void)
{
    (void)fprintf(stderr,
                  "usage: bare_loop [--value BYTES] [--unix PATH]\n"
                  "  BYTES  that a read is answered with, 0 to %u (64)\n",
                  VALUE_MAX);
    return 2;
}

int
main(int argc, char **argv)
{
    size_t value = 64;
    const char *path = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--unix") == 0) {
            path = argv[i + 1];
        } else if (strcmp(argv[i], "--value") == 0) {
            value = strtoul(argv[i + 1], NULL, 10);
        } else {
            return usage();
        }
    }
    if (argc % 2 == 0 || value > VALUE_MAX) {
        return usage();
    }
    make_answers(value);
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    error = error != 0 ? error
                       : pthread_attr_setstacksize(&attributes, STACK_BYTES);
    error = error != 0 ? error
                       : pthread_attr_setdetachstate(&attributes,
                                                     PTHREAD_CREATE_DETACHED);
    if (error != 0) {
        die("the threads' attributes", error);
    }
    struct pollfd awaited[] = {
        {.fd = path != NULL ? listen_unix(path) : -1, .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = listen_tcp(), .events = POLLIN},
    };
    while (poll(awaited, 3, -1) >= 0 && awaited[1].revents == 0) {
        for (int i = 0; i < 3; i += 2) {
            if ((awaited[i].revents & POLLIN) != 0) {
                welcome(awaited[i].fd, &attributes);
            }
        }
    }
    return 0;
}
