#include "bare_connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define IN_BYTES (BARE_VALUE_MAX + 65536U) /* a request and what came with it */
#define OUT_BYTES (BARE_VALUE_MAX + 32768U)
#define WORDS_MAX 16

/* An answer; const once the first connection is there. */
struct answer {
    size_t length;
    char bytes[BARE_VALUE_MAX + 128];
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

struct bare_connection {
    int fd;
    size_t in_begin;
    size_t in_end;
    size_t out_begin;
    size_t out_end; /* 0: everything is sent */
    char in[IN_BYTES];
    char out[OUT_BYTES];
};

/* Versions of six digits, which is what a busy mailbox has. */
void
bare_connection_make_answers(size_t value_bytes)
{
    char head[64];
    own_write.length = (size_t)snprintf(
        own_write.bytes, 64, "ok 0 version=100000 size=%zu\n", value_bytes);
    size_t length =
        (size_t)snprintf(head, sizeof(head), "ok %zu version=100000 size=%zu\n",
                         value_bytes, value_bytes);
    memcpy(own_read.bytes, head, length);
    memset(own_read.bytes + length, 'x', value_bytes);
    own_read.length = length + value_bytes;
    length = (size_t)snprintf(head, sizeof(head), "$%zu\r\n", value_bytes);
    memcpy(redis_get.bytes, head, length);
    memset(redis_get.bytes + length, 'x', value_bytes);
    memcpy(redis_get.bytes + length + value_bytes, "\r\n", 2);
    redis_get.length = length + value_bytes + 2;
    memcpy(redis_other.bytes, "+OK\r\n", 5);
    redis_other.length = 5;
}

/* ---- the end of a request ---- */

/* A number at most, and where it ends. */
static size_t
number(const char **at, const char *end)
{
    size_t value = 0;
    while (*at < end && **at >= '0' && **at <= '9' &&
           value < 2UL * BARE_VALUE_MAX) {
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

struct bare_connection *
bare_connection_create(int fd)
{
    struct bare_connection *c = malloc(sizeof(*c));
    if (c != NULL) {
        c->fd = fd;
        c->in_begin = c->in_end = c->out_begin = c->out_end = 0;
    }
    return c;
}

void
bare_connection_destroy(struct bare_connection *c)
{
    (void)close(c->fd);
    free(c);
}

int
bare_connection_fd(const struct bare_connection *c)
{
    return c->fd;
}

bool
bare_connection_owes(const struct bare_connection *c)
{
    return c->out_end > 0;
}

bool
bare_connection_receive(struct bare_connection *c)
{
    if (bare_connection_owes(c)) {
        return true;
    }
    if (c->in_begin > 0) {
        c->in_end -= c->in_begin;
        memmove(c->in, c->in + c->in_begin, c->in_end);
        c->in_begin = 0;
    }
    ssize_t got = recv(c->fd, c->in + c->in_end, IN_BYTES - c->in_end, 0);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    c->in_end += (size_t)got;
    return true;
}

static bool
flush(struct bare_connection *c)
{
    while (c->out_begin < c->out_end) {
        ssize_t sent = send(c->fd, c->out + c->out_begin,
                            c->out_end - c->out_begin, MSG_NOSIGNAL);
        if (sent <= 0) {
            return sent < 0 && errno == EAGAIN;
        }
        c->out_begin += (size_t)sent;
    }
    c->out_begin = c->out_end = 0;
    return true;
}

/* Answers of the whole requests that are there, as many as have room. */
static bool
gather(struct bare_connection *c, bool *full)
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
        if (c->out_end + request.answer->length > OUT_BYTES) {
            *full = true;
            break;
        }
        c->in_begin += request.length;
        memcpy(c->out + c->out_end, request.answer->bytes,
               request.answer->length);
        c->out_end += request.answer->length;
    }
    return true;
}

bool
bare_connection_answer(struct bare_connection *c)
{
    bool full = true;
    while (full) {
        if (!flush(c)) {
            return false;
        }
        if (bare_connection_owes(c)) {
            return true;
        }
        full = false;
        if (!gather(c, &full)) {
            return false;
        }
    }
    return flush(c);
}
