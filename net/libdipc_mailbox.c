#include "dipc.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "libdipc_error.h"
#include "libdipc_exchange.h"
#include "libdipc_request.h"
#include "libdipc_socket.h"

/*
 * Data up to this size is sent without knowing the server's packet size: should
 * it be too large, the server says so.
 */
#define UNASKED_BYTES ((size_t)65536)
#define FIRST_READ_BYTES ((size_t)4096)
/* One request waits for no longer, so that a server that is gone is noticed. */
#define WAIT_MAX_MS ((uint64_t)30000)
/* A server that may not wait for so long is not asked again at once. */
#define PAUSE_NS (100 * CLOCK_NS_PER_MS)

/* One request, with the data behind its line. */
static enum dipc_status
ask(struct dipc_connection *connection, struct libdipc_request *request,
    const char *line, const void *data, size_t length,
    struct dipc_answer *answer, struct dipc_error *error)
{
    struct iovec out[] = {
        {.iov_base = (void *)line, .iov_len = strlen(line)},
        {.iov_base = (void *)data, .iov_len = length},
    };

    request->end = strlen(line) + length;
    request->data_bytes = length;
    enum dipc_status status = libdipc_exchange(
        connection, out, length > 0 ? 2 : 1, request, 1, error);
    if (status == DIPC_OK) {
        status =
            libdipc_exchange_result(request, connection->why, answer, error);
    }
    free(request->text);
    return status;
}

enum dipc_status
dipc_read(struct dipc_connection *connection, uint32_t mailbox, void *data,
          size_t capacity, struct dipc_answer *answer, struct dipc_error *error)
{
    return dipc_read_at(connection, mailbox, 0, DIPC_ANY_VERSION, data,
                        capacity, answer, error);
}

enum dipc_status
dipc_read_at(struct dipc_connection *connection, uint32_t mailbox,
             uint64_t offset, uint64_t version, void *data, size_t capacity,
             struct dipc_answer *answer, struct dipc_error *error)
{
    struct libdipc_request request = {
        .kind = LIBDIPC_READ, .data = data, .capacity = capacity};
    char line[LIBDIPC_HEADER_MAX];

    enum dipc_status status = libdipc_request_read(
        line, mailbox, offset, version, data, capacity, error);
    if (status != DIPC_OK) {
        return status;
    }
    return ask(connection, &request, line, NULL, 0, answer, error);
}

/* The rest of a content of which the beginning is there. */
static enum dipc_status
read_rest(struct dipc_connection *connection, uint32_t mailbox, char *data,
          struct dipc_answer *answer, struct dipc_error *error)
{
    while (answer->length < answer->size) {
        struct dipc_answer piece;
        enum dipc_status status =
            dipc_read_at(connection, mailbox, answer->length, answer->version,
                         data + answer->length,
                         (size_t)answer->size - answer->length, &piece, error);
        if (status != DIPC_OK) {
            return status;
        }
        if (piece.length == 0) {
            (void)libdipc_exchange_lose(connection, DIPC_PROTOCOL,
                                        "the server holds bytes back");
            return libdipc_fail(error, DIPC_PROTOCOL, "%s", connection->why);
        }
        answer->length += piece.length;
    }
    return DIPC_OK;
}

/* *data is from the heap, before and after. */
static enum dipc_status
read_once(struct dipc_connection *connection, uint32_t mailbox, char **data,
          struct dipc_answer *answer, struct dipc_error *error)
{
    enum dipc_status status =
        dipc_read(connection, mailbox, *data, FIRST_READ_BYTES, answer, error);
    if (status != DIPC_OK) {
        return status;
    }
    if (answer->size > answer->length) {
        char *larger = answer->size < SIZE_MAX
                           ? realloc(*data, (size_t)answer->size + 1)
                           : NULL;
        if (!larger) {
            return libdipc_fail(error, DIPC_NO_MEMORY,
                                "no memory for a content of %llu bytes",
                                (unsigned long long)answer->size);
        }
        *data = larger;
        status = read_rest(connection, mailbox, larger, answer, error);
    }
    if (status == DIPC_OK) {
        (*data)[answer->length] = '\0';
    }
    return status;
}

enum dipc_status
dipc_read_whole(struct dipc_connection *connection, uint32_t mailbox,
                void **data, struct dipc_answer *answer,
                struct dipc_error *error)
{
    const uint64_t deadline_ns = libdipc_exchange_deadline_ns(connection, 0);
    struct dipc_answer whole = {0};
    char *room = malloc(FIRST_READ_BYTES + 1);
    enum dipc_status status;

    *data = NULL;
    if (!room) {
        return libdipc_fail(error, DIPC_NO_MEMORY, "no memory");
    }
    do {
        status = read_once(connection, mailbox, &room, &whole, error);
    } while (status == DIPC_CONFLICT && clock_now_ns(NULL) < deadline_ns);
    if (status != DIPC_OK) {
        free(room);
        return status;
    }
    *data = room;
    if (answer) {
        *answer = whole;
    }
    return DIPC_OK;
}

/* What is left of a wait, as one request may ask for it. */
static uint64_t
left_ms(uint64_t until_ns)
{
    const uint64_t now_ns = clock_now_ns(NULL);
    uint64_t left = 0;

    if (until_ns == CLOCK_NEVER) {
        return WAIT_MAX_MS;
    }
    if (until_ns > now_ns) {
        left = (until_ns - now_ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS;
    }
    return left < WAIT_MAX_MS ? left : WAIT_MAX_MS;
}

static enum dipc_status
wait_once(struct dipc_connection *connection, uint32_t mailbox,
          uint64_t version, uint64_t wait_ms, void *data, size_t capacity,
          struct dipc_answer *answer, struct dipc_error *error)
{
    struct libdipc_request request = {
        .kind = LIBDIPC_READ,
        .data = data,
        .capacity = capacity,
        .wait_ns = wait_ms * CLOCK_NS_PER_MS,
        .may_time_out = true,
    };
    char line[LIBDIPC_HEADER_MAX];

    enum dipc_status status = libdipc_request_wait(
        line, mailbox, version, wait_ms, data, capacity, error);
    if (status != DIPC_OK) {
        return status;
    }
    return ask(connection, &request, line, NULL, 0, answer, error);
}

/*
 * The server may wait for less than it was asked to: ask again, but not
 * without end where it does not wait at all.
 */
static void
pause_until(const struct dipc_connection *connection, uint64_t asked_ns,
            uint64_t until_ns)
{
    const uint64_t pause_ns = clock_add_ns(asked_ns, PAUSE_NS);

    (void)libdipc_socket_await(connection->fd, POLLIN,
                               pause_ns < until_ns ? pause_ns : until_ns);
}

enum dipc_status
dipc_wait(struct dipc_connection *connection, uint32_t mailbox,
          uint64_t version, int wait_ms, void *data, size_t capacity,
          struct dipc_answer *answer, struct dipc_error *error)
{
    const uint64_t until_ns =
        wait_ms < 0 ? CLOCK_NEVER
                    : clock_add_ns(clock_now_ns(NULL),
                                   (uint64_t)wait_ms * CLOCK_NS_PER_MS);
    enum dipc_status status;
    bool again;

    if (wait_ms < DIPC_FOREVER) {
        return libdipc_fail(error, DIPC_INVALID,
                            "a wait of %d ms is neither 0 or more nor "
                            "DIPC_FOREVER",
                            wait_ms);
    }
    do {
        const uint64_t asked_ns = clock_now_ns(NULL);
        status = wait_once(connection, mailbox, version, left_ms(until_ns),
                           data, capacity, answer, error);
        again = status == DIPC_NOTHING_NEWER && clock_now_ns(NULL) < until_ns;
        if (again) {
            pause_until(connection, asked_ns, until_ns);
        }
    } while (again);
    return status;
}

/* The server's packet size, asked for once. */
static enum dipc_status
learn_packet(struct dipc_connection *connection, struct dipc_error *error)
{
    struct dipc_statistics *statistics;

    if (connection->packet_bytes > 0) {
        return DIPC_OK;
    }
    enum dipc_status status =
        dipc_stat(connection, DIPC_SERVER, &statistics, error);
    if (status != DIPC_OK) {
        return status;
    }
    const bool is_known = dipc_statistics_number(statistics, "packet-bytes",
                                                 &connection->packet_bytes);
    dipc_statistics_free(statistics);
    if (!is_known || connection->packet_bytes == 0) {
        (void)libdipc_exchange_lose(connection, DIPC_PROTOCOL,
                                    "the server does not tell its packet size");
        return libdipc_fail(error, DIPC_PROTOCOL, "%s", connection->why);
    }
    return DIPC_OK;
}

static enum dipc_status
verify_packet(struct dipc_connection *connection, size_t length,
              struct dipc_error *error)
{
    if (length <= UNASKED_BYTES) {
        return DIPC_OK;
    }
    enum dipc_status status = learn_packet(connection, error);
    if (status == DIPC_OK && length > connection->packet_bytes) {
        return libdipc_fail(
            error, DIPC_TOO_LARGE,
            "too large: %zu bytes are more than a packet of %llu bytes", length,
            (unsigned long long)connection->packet_bytes);
    }
    return status;
}

enum dipc_status
dipc_write_at(struct dipc_connection *connection, uint32_t mailbox,
              uint64_t place, uint64_t version, const void *data, size_t length,
              struct dipc_answer *answer, struct dipc_error *error)
{
    struct libdipc_request request = {.kind = LIBDIPC_WRITE};
    char line[LIBDIPC_HEADER_MAX];

    enum dipc_status status = libdipc_request_write(
        line, mailbox, place, version, data, length, error);
    if (status == DIPC_OK) {
        status = verify_packet(connection, length, error);
    }
    if (status != DIPC_OK) {
        return status;
    }
    return ask(connection, &request, line, data, length, answer, error);
}

enum dipc_status
dipc_write(struct dipc_connection *connection, uint32_t mailbox,
           const void *data, size_t length, struct dipc_answer *answer,
           struct dipc_error *error)
{
    return dipc_write_at(connection, mailbox, DIPC_REPLACE, DIPC_ANY_VERSION,
                         data, length, answer, error);
}

enum dipc_status
dipc_append(struct dipc_connection *connection, uint32_t mailbox,
            const void *data, size_t length, struct dipc_answer *answer,
            struct dipc_error *error)
{
    return dipc_write_at(connection, mailbox, DIPC_END, DIPC_ANY_VERSION, data,
                         length, answer, error);
}

enum dipc_status
dipc_compare_and_swap(struct dipc_connection *connection, uint32_t mailbox,
                      uint64_t version, const void *data, size_t length,
                      struct dipc_answer *answer, struct dipc_error *error)
{
    return dipc_write_at(connection, mailbox, DIPC_REPLACE, version, data,
                         length, answer, error);
}

/* Where the piece behind so many bytes goes. */
static uint64_t
place_of_piece(uint64_t place, size_t written)
{
    if (written == 0 || place == DIPC_END) {
        return place;
    }
    return place == DIPC_REPLACE ? DIPC_END : place + written;
}

static size_t
size_of_piece(const struct dipc_connection *connection, size_t left)
{
    return left < connection->packet_bytes ? left
                                           : (size_t)connection->packet_bytes;
}

enum dipc_status
dipc_write_pieces(struct dipc_connection *connection, uint32_t mailbox,
                  uint64_t place, uint64_t version, const void *data,
                  size_t length, struct dipc_answer *answer,
                  struct dipc_error *error)
{
    struct dipc_answer so_far = {0};
    enum dipc_status status = DIPC_OK;

    if (length > 0) {
        status = learn_packet(connection, error);
    }
    if (status != DIPC_OK) {
        goto tell;
    }
    do {
        struct dipc_answer piece;
        const size_t written = so_far.length;
        status = dipc_write_at(
            connection, mailbox, place_of_piece(place, written),
            written > 0 ? so_far.version : version,
            data ? (const char *)data + written : NULL,
            size_of_piece(connection, length - written), &piece, error);
        if (status == DIPC_OK) {
            so_far = piece;
            so_far.length += written;
        }
    } while (status == DIPC_OK && so_far.length < length);
tell:
    if (answer) {
        *answer = so_far;
    }
    return status;
}

enum dipc_status
dipc_ping(struct dipc_connection *connection, struct dipc_error *error)
{
    struct dipc_statistics *statistics;

    enum dipc_status status =
        dipc_stat(connection, DIPC_SERVER, &statistics, error);
    if (status == DIPC_OK) {
        dipc_statistics_free(statistics);
    }
    return status;
}
