#include "dipc.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "libdipc_error.h"
#include "libdipc_exchange.h"
#include "libdipc_request.h"
#include "libdipc_statistics.h"

#define OUT_BYTES_MIN ((size_t)1024)
#define REQUESTS_MIN ((size_t)16)

/* What travels stands in one piece of memory, in order. */
struct dipc_batch {
    char *out;
    size_t out_bytes;
    size_t out_room;
    struct libdipc_request *requests;
    size_t count;
    size_t room;
    bool is_flushed;
    char why[DIPC_MESSAGE_MAX]; /* the flush failed */
};

struct dipc_batch *
dipc_batch_create(void)
{
    return calloc(1, sizeof(struct dipc_batch));
}

void
dipc_batch_clear(struct dipc_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->requests[i].text);
    }
    batch->count = 0;
    batch->out_bytes = 0;
    batch->is_flushed = false;
    batch->why[0] = '\0';
}

void
dipc_batch_free(struct dipc_batch *batch)
{
    if (batch) {
        dipc_batch_clear(batch);
        free(batch->out);
        free(batch->requests);
        free(batch);
    }
}

/* Twice as much as before, or as much as is wanted. */
static size_t
grown(size_t room, size_t wanted, size_t min)
{
    if (room < min) {
        room = min;
    }
    while (room < wanted && room <= SIZE_MAX / 2) {
        room *= 2;
    }
    return room;
}

static enum dipc_status
reserve_out(struct dipc_batch *batch, size_t more)
{
    if (more > SIZE_MAX / 4 || batch->out_bytes > SIZE_MAX / 4) {
        return DIPC_NO_MEMORY;
    }
    const size_t wanted = batch->out_bytes + more;
    if (wanted <= batch->out_room) {
        return DIPC_OK;
    }
    const size_t room = grown(batch->out_room, wanted, OUT_BYTES_MIN);
    char *larger = realloc(batch->out, room);
    if (!larger) {
        return DIPC_NO_MEMORY;
    }
    batch->out = larger;
    batch->out_room = room;
    return DIPC_OK;
}

static enum dipc_status
reserve_request(struct dipc_batch *batch)
{
    if (batch->count < batch->room) {
        return DIPC_OK;
    }
    const size_t room = grown(batch->room, batch->count + 1, REQUESTS_MIN);
    struct libdipc_request *larger =
        room <= SIZE_MAX / sizeof *larger
            ? realloc(batch->requests, room * sizeof *larger)
            : NULL;
    if (!larger) {
        return DIPC_NO_MEMORY;
    }
    batch->requests = larger;
    batch->room = room;
    return DIPC_OK;
}

static void
add_out(struct dipc_batch *batch, const void *data, size_t length)
{
    if (length > 0) {
        memcpy(batch->out + batch->out_bytes, data, length);
        batch->out_bytes += length;
    }
}

static enum dipc_status
add(struct dipc_batch *batch, struct libdipc_request request, const char *line,
    const void *data, size_t length)
{
    enum dipc_status status = reserve_request(batch);
    if (status == DIPC_OK) {
        status = length < SIZE_MAX / 4
                     ? reserve_out(batch, strlen(line) + length)
                     : DIPC_NO_MEMORY;
    }
    if (status != DIPC_OK) {
        return status;
    }
    add_out(batch, line, strlen(line));
    add_out(batch, data, length);
    request.end = batch->out_bytes;
    batch->requests[batch->count++] = request;
    return DIPC_OK;
}

enum dipc_status
dipc_batch_read(struct dipc_batch *batch, uint32_t mailbox, uint64_t offset,
                uint64_t version, void *data, size_t capacity)
{
    char line[LIBDIPC_HEADER_MAX];
    const struct libdipc_request request = {
        .kind = LIBDIPC_READ, .data = data, .capacity = capacity};

    if (batch->is_flushed ||
        libdipc_request_read(line, mailbox, offset, version, data, capacity,
                             NULL) != DIPC_OK) {
        return DIPC_INVALID;
    }
    return add(batch, request, line, NULL, 0);
}

enum dipc_status
dipc_batch_write(struct dipc_batch *batch, uint32_t mailbox, uint64_t place,
                 uint64_t version, const void *data, size_t length)
{
    char line[LIBDIPC_HEADER_MAX];
    const struct libdipc_request request = {.kind = LIBDIPC_WRITE,
                                            .data_bytes = length};

    if (batch->is_flushed ||
        libdipc_request_write(line, mailbox, place, version, data, length,
                              NULL) != DIPC_OK) {
        return DIPC_INVALID;
    }
    return add(batch, request, line, data, length);
}

enum dipc_status
dipc_batch_wait(struct dipc_batch *batch, uint32_t mailbox, uint64_t version,
                int wait_ms, void *data, size_t capacity)
{
    char line[LIBDIPC_HEADER_MAX];
    const uint64_t wait = wait_ms < 0 ? 0 : (uint64_t)wait_ms;
    const struct libdipc_request request = {
        .kind = LIBDIPC_READ,
        .data = data,
        .capacity = capacity,
        .wait_ns = wait * CLOCK_NS_PER_MS,
        .may_time_out = true,
    };

    if (batch->is_flushed || wait_ms < 0 ||
        libdipc_request_wait(line, mailbox, version, wait, data, capacity,
                             NULL) != DIPC_OK) {
        return DIPC_INVALID;
    }
    return add(batch, request, line, NULL, 0);
}

enum dipc_status
dipc_batch_stat(struct dipc_batch *batch, uint32_t mailbox,
                struct dipc_statistics **statistics)
{
    char line[LIBDIPC_HEADER_MAX];

    *statistics = NULL;
    if (batch->is_flushed) {
        return DIPC_INVALID;
    }
    struct dipc_statistics *made = libdipc_statistics_create();
    if (!made) {
        return DIPC_NO_MEMORY;
    }
    libdipc_request_stat(line, mailbox);
    enum dipc_status status =
        add(batch, libdipc_statistics_request(made), line, NULL, 0);
    if (status != DIPC_OK) {
        free(made);
        return status;
    }
    *statistics = made;
    return DIPC_OK;
}

/* Those that were answered are lists from now on. */
static enum dipc_status
take_statistics(struct dipc_batch *batch, struct dipc_connection *connection)
{
    enum dipc_status status = DIPC_OK;

    for (size_t i = 0; i < batch->count; i++) {
        struct libdipc_request *request = &batch->requests[i];
        if (request->statistics && request->is_answered &&
            request->status == DIPC_OK &&
            libdipc_statistics_take(request->statistics, request->answer.length,
                                    connection)) {
            request->is_answered = false;
            request->status = DIPC_PROTOCOL;
            status = DIPC_PROTOCOL;
        }
        request->statistics = NULL;
    }
    return status;
}

enum dipc_status
dipc_batch_flush(struct dipc_batch *batch, struct dipc_connection *connection,
                 struct dipc_error *error)
{
    struct iovec out = {.iov_base = batch->out, .iov_len = batch->out_bytes};

    if (batch->is_flushed) {
        return libdipc_fail(error, DIPC_INVALID,
                            "the batch was flushed already; clear it first");
    }
    batch->is_flushed = true;
    enum dipc_status status = libdipc_exchange(
        connection, &out, 1, batch->requests, batch->count, error);
    if (take_statistics(batch, connection) && status == DIPC_OK) {
        status = libdipc_fail(error, DIPC_PROTOCOL, "%s", connection->why);
    }
    if (status != DIPC_OK) {
        memcpy(batch->why, connection->why, sizeof batch->why);
    }
    return status;
}

size_t
dipc_batch_count(const struct dipc_batch *batch)
{
    return batch->count;
}

enum dipc_status
dipc_batch_result(const struct dipc_batch *batch, size_t index,
                  struct dipc_answer *answer, struct dipc_error *error)
{
    if (!batch->is_flushed) {
        return libdipc_fail(error, DIPC_INVALID,
                            "the batch was not flushed yet");
    }
    if (index >= batch->count) {
        return libdipc_fail(error, DIPC_INVALID,
                            "the batch has %zu requests, and none of number "
                            "%zu",
                            batch->count, index);
    }
    return libdipc_exchange_result(&batch->requests[index], batch->why, answer,
                                   error);
}
