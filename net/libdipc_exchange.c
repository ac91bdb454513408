#include "libdipc_exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "libdipc_answer.h"
#include "libdipc_error.h"
#include "libdipc_socket.h"

#define UNKNOWN "; whether a write was carried out is unknown"

/* One exchange under way. */
struct exchange {
    struct dipc_connection *connection;
    struct iovec *out;
    size_t out_count;
    uint64_t sent;  /* bytes that the system has taken */
    int send_error; /* nothing more can be sent; what has come may tell why */
    struct libdipc_request *requests;
    size_t requests_count;
    size_t answered;
    bool is_over;      /* the server has said that it does no more of these */
    bool has_line;     /* the next answer's; its data is being received */
    size_t data_bytes; /* of the answer */
    size_t data_taken; /* of those */
    uint64_t deadline_ns;
};

uint64_t
libdipc_exchange_deadline_ns(const struct dipc_connection *connection,
                             uint64_t wait_ns)
{
    if (connection->timeout_ms < 0) {
        return CLOCK_NEVER;
    }
    return clock_add_ns(
        clock_add_ns(clock_now_ns(NULL),
                     (uint64_t)connection->timeout_ms * CLOCK_NS_PER_MS),
        wait_ns);
}

enum dipc_status
libdipc_exchange_lose(struct dipc_connection *connection,
                      enum dipc_status status, const char *format, ...)
{
    va_list arguments;

    if (!connection->is_lost) {
        connection->is_lost = true;
        va_start(arguments, format);
        (void)vsnprintf(connection->why, sizeof connection->why, format,
                        arguments);
        va_end(arguments);
        (void)!shutdown(connection->fd, SHUT_RDWR);
    }
    return status;
}

static enum dipc_status
lose(struct exchange *exchange, enum dipc_status status, const char *why)
{
    return libdipc_exchange_lose(exchange->connection, status, "%s", why);
}

static enum dipc_status
lose_by(struct exchange *exchange, int number)
{
    char room[LIBDIPC_ERROR_ROOM];

    return libdipc_exchange_lose(exchange->connection, DIPC_BROKEN,
                                 "the connection broke: %s",
                                 libdipc_error_text(number, room, sizeof room));
}

static enum dipc_status
lose_to_noise(struct exchange *exchange, const char *line, size_t length)
{
    return libdipc_exchange_lose(
        exchange->connection, DIPC_PROTOCOL,
        "that is no DIPC server, or not of this version: it says '%.*s'",
        (int)(length < 60 ? length : 60), line);
}

static void
skip_sent(struct exchange *exchange, size_t bytes)
{
    exchange->sent += bytes;
    while (exchange->out_count > 0 && bytes >= exchange->out->iov_len) {
        bytes -= exchange->out->iov_len;
        exchange->out++;
        exchange->out_count--;
    }
    if (bytes > 0) {
        exchange->out->iov_base = (char *)exchange->out->iov_base + bytes;
        exchange->out->iov_len -= bytes;
    }
}

static bool
has_unsent(const struct exchange *exchange)
{
    return exchange->out_count > 0 && exchange->send_error == 0;
}

static void
send_some(struct exchange *exchange)
{
    const struct msghdr message = {.msg_iov = exchange->out,
                                   .msg_iovlen = exchange->out_count};

    ssize_t sent = sendmsg(exchange->connection->fd, &message,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
        skip_sent(exchange, (size_t)sent);
    } else if (errno != EAGAIN && errno != EINTR) {
        exchange->send_error = errno;
    }
}

static struct libdipc_request *
current(const struct exchange *exchange)
{
    return &exchange->requests[exchange->answered];
}

/* Where received bytes go: data to its place, the rest to the input. */
static void
find_room(struct exchange *exchange, char **room, size_t *room_bytes)
{
    struct dipc_connection *connection = exchange->connection;

    if (exchange->has_line && connection->taken == connection->used) {
        *room = (char *)current(exchange)->data + exchange->data_taken;
        *room_bytes = exchange->data_bytes - exchange->data_taken;
        return;
    }
    if (connection->taken > 0) {
        connection->used -= connection->taken;
        memmove(connection->input, connection->input + connection->taken,
                connection->used);
        connection->taken = 0;
    }
    *room = connection->input + connection->used;
    *room_bytes = sizeof connection->input - connection->used;
}

static enum dipc_status
receive_some(struct exchange *exchange)
{
    char *room;
    size_t room_bytes;
    const bool is_data = exchange->has_line && exchange->connection->taken ==
                                                   exchange->connection->used;

    find_room(exchange, &room, &room_bytes);
    ssize_t got =
        recv(exchange->connection->fd, room, room_bytes, MSG_DONTWAIT);
    if (got > 0) {
        if (is_data) {
            exchange->data_taken += (size_t)got;
        } else {
            exchange->connection->used += (size_t)got;
        }
        return DIPC_OK;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return DIPC_OK;
    }
    if (got < 0) {
        return lose_by(exchange, errno);
    }
    return exchange->send_error ? lose_by(exchange, exchange->send_error)
                                : lose(exchange, DIPC_BROKEN,
                                       "the server closed the connection");
}

static bool
closes(enum dipc_status status)
{
    return status == DIPC_SHUTTING_DOWN || status == DIPC_INTERNAL;
}

/* An answer without the figures of its request is none. */
static bool
fits(const struct libdipc_request *request, const struct libdipc_answer *line)
{
    if (line->status != DIPC_OK) {
        return true;
    }
    if (request->kind != LIBDIPC_STAT &&
        !(line->has_version && line->has_size)) {
        return false;
    }
    return line->length <=
           (request->kind == LIBDIPC_WRITE ? 0 : request->capacity);
}

static void
finish_answer(struct exchange *exchange)
{
    current(exchange)->is_answered = true;
    exchange->has_line = false;
    exchange->answered++;
    if (exchange->answered < exchange->requests_count) {
        exchange->deadline_ns = libdipc_exchange_deadline_ns(
            exchange->connection, current(exchange)->wait_ns);
    }
}

/* Said to nobody in particular: the server has had enough of this client. */
static enum dipc_status
take_farewell(struct exchange *exchange, const struct libdipc_answer *line)
{
    const enum dipc_status status =
        line->status == DIPC_BUSY || line->status == DIPC_SHUTTING_DOWN
            ? line->status
            : DIPC_BROKEN;

    exchange->is_over = true;
    return libdipc_exchange_lose(exchange->connection, status,
                                 "the server closed the connection: %.*s",
                                 (int)line->text_length, line->text);
}

static void
take_line(struct exchange *exchange, const struct libdipc_answer *line)
{
    struct libdipc_request *request = current(exchange);

    request->status = line->status;
    request->version = line->version;
    request->answer = (struct dipc_answer){
        .version = line->version,
        .size = line->size,
        .length = request->kind == LIBDIPC_WRITE ? request->data_bytes
                                                 : line->length};
    if (line->status != DIPC_OK) {
        request->text = strndup(line->text, line->text_length);
    }
    if (closes(line->status)) {
        (void)take_farewell(exchange, line);
    }
    exchange->has_line = true;
    exchange->data_bytes = line->length;
    exchange->data_taken = 0;
}

/* A whole line of the input, if there is one. */
static bool
find_line(const struct dipc_connection *connection, size_t *length)
{
    const char *at = connection->input + connection->taken;
    const char *newline =
        memchr(at, '\n', connection->used - connection->taken);

    if (newline) {
        *length = (size_t)(newline - at);
    }
    return newline != NULL;
}

static enum dipc_status
decode_line(struct exchange *exchange, size_t length,
            struct libdipc_answer *line)
{
    struct dipc_connection *connection = exchange->connection;
    const char *at = connection->input + connection->taken;

    if (length > LIBDIPC_LINE_MAX || libdipc_answer_decode(at, length, line)) {
        return lose_to_noise(exchange, at, length);
    }
    connection->taken += length + 1;
    return DIPC_OK;
}

/*
 * A time-out where no wait was asked for is the server's farewell to an idle
 * client, which crossed the request; no server carries that out any more.
 */
static enum dipc_status
take_next_line(struct exchange *exchange, size_t length)
{
    struct libdipc_answer line = {.status = DIPC_OK};

    enum dipc_status status = decode_line(exchange, length, &line);
    if (status != DIPC_OK) {
        return status;
    }
    if (line.is_timeout && !current(exchange)->may_time_out) {
        return take_farewell(exchange, &line);
    }
    if (!fits(current(exchange), &line)) {
        return lose(exchange, DIPC_PROTOCOL,
                    "the server answered another question than was asked");
    }
    take_line(exchange, &line);
    return DIPC_OK;
}

/* Data that has come together with its line. */
static void
take_input(struct exchange *exchange)
{
    struct dipc_connection *connection = exchange->connection;
    const size_t wanted = exchange->data_bytes - exchange->data_taken;
    const size_t there = connection->used - connection->taken;
    const size_t bytes = wanted < there ? wanted : there;

    if (bytes > 0) {
        memcpy((char *)current(exchange)->data + exchange->data_taken,
               connection->input + connection->taken, bytes);
        connection->taken += bytes;
        exchange->data_taken += bytes;
    }
}

/* Take what was received; *more says whether there may be more to take. */
static enum dipc_status
take(struct exchange *exchange, bool *more)
{
    size_t length = 0;

    *more = false;
    if (!exchange->has_line) {
        struct dipc_connection *connection = exchange->connection;
        if (!find_line(connection, &length)) {
            length = connection->used - connection->taken;
            return length < LIBDIPC_LINE_MAX
                       ? DIPC_OK
                       : lose_to_noise(exchange,
                                       connection->input + connection->taken,
                                       length);
        }
        enum dipc_status status = take_next_line(exchange, length);
        if (status != DIPC_OK) {
            return status;
        }
    }
    take_input(exchange);
    if (exchange->data_taken == exchange->data_bytes) {
        const enum dipc_status status = current(exchange)->status;
        finish_answer(exchange);
        *more = exchange->answered < exchange->requests_count;
        return *more && closes(status) ? status : DIPC_OK;
    }
    return DIPC_OK;
}

static enum dipc_status
take_all(struct exchange *exchange)
{
    enum dipc_status status;
    bool more;

    do {
        status = take(exchange, &more);
    } while (status == DIPC_OK && more);
    return status;
}

static enum dipc_status
step(struct exchange *exchange)
{
    const short wanted = (short)(POLLIN | (has_unsent(exchange) ? POLLOUT : 0));
    const uint64_t until_ns = exchange->send_error ? 0 : exchange->deadline_ns;
    const short ready =
        libdipc_socket_await(exchange->connection->fd, wanted, until_ns);

    if (!ready && exchange->send_error) {
        return lose_by(exchange, exchange->send_error);
    }
    if (!ready) {
        return lose(exchange, DIPC_TIMED_OUT,
                    "the server did not answer within the timeout");
    }
    if ((ready & POLLOUT) && has_unsent(exchange)) {
        send_some(exchange);
    }
    if (!(ready & ~POLLOUT)) {
        return DIPC_OK;
    }
    enum dipc_status status = receive_some(exchange);
    return status == DIPC_OK ? take_all(exchange) : status;
}

static enum dipc_status
converse(struct exchange *exchange)
{
    enum dipc_status status = DIPC_OK;

    send_some(exchange);
    while (status == DIPC_OK && exchange->answered < exchange->requests_count) {
        status = step(exchange);
    }
    return status;
}

/* The rest of what the server says unasked: one line, then its end. */
static enum dipc_status
hear_farewell(struct exchange *exchange)
{
    enum dipc_status status = DIPC_OK;
    struct libdipc_answer line = {.status = DIPC_OK};
    size_t length = 0;

    while (status == DIPC_OK && !find_line(exchange->connection, &length)) {
        if (!libdipc_socket_await(exchange->connection->fd, POLLIN,
                                  exchange->deadline_ns)) {
            return lose(exchange, DIPC_PROTOCOL,
                        "the server began an answer that nobody asked for");
        }
        status = receive_some(exchange);
        if (exchange->connection->used == LIBDIPC_INPUT_BYTES) {
            return lose_to_noise(exchange, exchange->connection->input,
                                 LIBDIPC_LINE_MAX);
        }
    }
    if (status == DIPC_OK) {
        status = decode_line(exchange, length, &line);
    }
    if (status == DIPC_OK && line.status == DIPC_OK) {
        return lose(exchange, DIPC_PROTOCOL,
                    "the server answered what nobody asked for");
    }
    return status == DIPC_OK ? take_farewell(exchange, &line) : status;
}

/* X1: has the server said or ended something since the last exchange? */
static enum dipc_status
verify_silence(struct exchange *exchange)
{
    char next;
    struct dipc_connection *connection = exchange->connection;

    if (connection->used == connection->taken) {
        connection->used = connection->taken = 0;
        ssize_t got = recv(connection->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR ? DIPC_OK
                                                     : lose_by(exchange, errno);
        }
    }
    return hear_farewell(exchange);
}

/* Those without an answer share the connection's fate. */
static void
settle(struct exchange *exchange, enum dipc_status status)
{
    for (size_t i = exchange->answered; i < exchange->requests_count; i++) {
        struct libdipc_request *request = &exchange->requests[i];
        free(request->text);
        request->text = NULL;
        request->status = status;
        request->is_unknown = request->kind == LIBDIPC_WRITE &&
                              request->end <= exchange->sent &&
                              !exchange->is_over;
    }
}

static enum dipc_status
fail(struct exchange *exchange, enum dipc_status status,
     struct dipc_error *error)
{
    bool is_unknown = false;

    settle(exchange, status);
    for (size_t i = exchange->answered; i < exchange->requests_count; i++) {
        is_unknown |= exchange->requests[i].is_unknown;
    }
    (void)libdipc_fail(error, status, "%s%s", exchange->connection->why,
                       is_unknown ? UNKNOWN : "");
    if (error) {
        error->is_unknown = is_unknown;
    }
    return status;
}

enum dipc_status
libdipc_exchange(struct dipc_connection *connection, struct iovec *out,
                 size_t out_count, struct libdipc_request *requests,
                 size_t requests_count, struct dipc_error *error)
{
    struct exchange exchange = {
        .connection = connection,
        .out = out,
        .out_count = out_count,
        .requests = requests,
        .requests_count = requests_count,
    };

    if (connection->is_lost) {
        settle(&exchange, DIPC_BROKEN);
        return libdipc_fail(error, DIPC_BROKEN, "the connection is gone: %s",
                            connection->why);
    }
    if (requests_count == 0) {
        return DIPC_OK;
    }
    exchange.deadline_ns =
        libdipc_exchange_deadline_ns(connection, requests[0].wait_ns);
    enum dipc_status status = verify_silence(&exchange);
    if (status == DIPC_OK) {
        status = converse(&exchange);
    }
    return status == DIPC_OK ? DIPC_OK : fail(&exchange, status, error);
}

/* What a status means to a person, before the server's own words. */
static const char *
meaning(enum dipc_status status)
{
    switch (status) {
    case DIPC_CONFLICT:
        return "conflict";
    case DIPC_NO_SUCH_MAILBOX:
        return "no such mailbox";
    case DIPC_TOO_LARGE:
        return "too large";
    case DIPC_BUSY:
        return "busy";
    case DIPC_BAD_REQUEST:
        return "bad request";
    case DIPC_SHUTTING_DOWN:
        return "shutting down";
    case DIPC_INTERNAL:
        return "internal fault of the server";
    case DIPC_NOTHING_NEWER:
        return "timed out";
    default:
        return "the server says";
    }
}

static void
describe(const struct libdipc_request *request, struct dipc_error *error)
{
    const char *text = request->text ? request->text : "";
    char now[64] = "";

    if (request->status == DIPC_CONFLICT) {
        (void)snprintf(now, sizeof now, ", and the mailbox is at version %llu",
                       (unsigned long long)request->version);
    }
    (void)libdipc_fail(error, request->status, "%s%s%.128s%s",
                       meaning(request->status), *text ? ": " : "", text, now);
    error->version = request->version;
}

enum dipc_status
libdipc_exchange_result(const struct libdipc_request *request, const char *why,
                        struct dipc_answer *answer, struct dipc_error *error)
{
    if (request->status == DIPC_OK) {
        if (answer) {
            *answer = request->answer;
        }
    } else if (error && request->is_answered) {
        describe(request, error);
    } else if (error) {
        (void)libdipc_fail(error, request->status, "%s%s", why,
                           request->is_unknown ? UNKNOWN : "");
        error->is_unknown = request->is_unknown;
    }
    return request->status;
}
