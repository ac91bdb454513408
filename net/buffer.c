#include "buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void
buffer_init(struct buffer *buffer, size_t first_bytes, size_t bound_bytes)
{
    assert(first_bytes > 0);
    assert(bound_bytes > 0);
    *buffer =
        (struct buffer){.first_bytes = first_bytes, .bound_bytes = bound_bytes};
}

void
buffer_fini(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
}

void
buffer_widen(struct buffer *buffer, size_t bound_bytes)
{
    if (bound_bytes > buffer->bound_bytes) {
        buffer->bound_bytes = bound_bytes;
    }
}

size_t
buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

const char *
buffer_head(const struct buffer *buffer)
{
    return buffer->bytes == NULL ? "" : buffer->bytes + buffer->start;
}

char *
buffer_bytes(struct buffer *buffer)
{
    return buffer->bytes == NULL ? NULL : buffer->bytes + buffer->start;
}

size_t
buffer_room(const struct buffer *buffer)
{
    return buffer->capacity_bytes - buffer->end;
}

char *
buffer_tail(const struct buffer *buffer)
{
    assert(buffer->bytes != NULL);
    return buffer->bytes + buffer->end;
}

static void
move_to_front(struct buffer *buffer)
{
    size_t length = buffer_length(buffer);

    memmove(buffer->bytes, buffer->bytes + buffer->start, length);
    buffer->start = 0;
    buffer->end = length;
}

/* Twice the capacity, but no less than needed and no more than the bound. */
static size_t
next_capacity(const struct buffer *buffer, size_t needed_bytes)
{
    size_t capacity = buffer->first_bytes;

    if (buffer->capacity_bytes > buffer->bound_bytes / 2) {
        return buffer->bound_bytes;
    }
    if (capacity < 2 * buffer->capacity_bytes) {
        capacity = 2 * buffer->capacity_bytes;
    }
    if (capacity < needed_bytes) {
        capacity = needed_bytes;
    }
    return capacity < buffer->bound_bytes ? capacity : buffer->bound_bytes;
}

static int
grow(struct buffer *buffer, size_t needed_bytes)
{
    size_t capacity = next_capacity(buffer, needed_bytes);
    size_t length = buffer_length(buffer);
    char *bytes = malloc(capacity);

    if (bytes == NULL) {
        return ENOMEM;
    }
    if (length > 0) {
        memcpy(bytes, buffer->bytes + buffer->start, length);
    }
    free(buffer->bytes);
    buffer->bytes = bytes;
    buffer->capacity_bytes = capacity;
    buffer->start = 0;
    buffer->end = length;
    return 0;
}

int
buffer_reserve(struct buffer *buffer, size_t room_bytes)
{
    size_t length = buffer_length(buffer);
    bool fits;

    if (buffer_room(buffer) >= room_bytes) {
        return 0;
    }
    if (room_bytes > buffer->bound_bytes - length) {
        return ENOBUFS;
    }
    fits = room_bytes <= buffer->capacity_bytes - length;
    if (fits && length <= buffer->start) {
        move_to_front(buffer);
        return 0;
    }
    if (buffer->capacity_bytes < buffer->bound_bytes &&
        grow(buffer, length + room_bytes) == 0) {
        return 0;
    }
    if (!fits) {
        return ENOMEM;
    }
    move_to_front(buffer);
    return 0;
}

void
buffer_append(struct buffer *buffer, size_t bytes)
{
    assert(bytes <= buffer_room(buffer));
    buffer->end += bytes;
}

void
buffer_consume(struct buffer *buffer, size_t bytes)
{
    assert(bytes <= buffer_length(buffer));
    buffer->start += bytes;
    if (buffer->start == buffer->end) {
        buffer->start = 0;
        buffer->end = 0;
    }
}

void
buffer_cut(struct buffer *buffer, size_t length_bytes)
{
    assert(length_bytes <= buffer_length(buffer));
    buffer->end = buffer->start + length_bytes;
}

void
buffer_rest(struct buffer *buffer)
{
    if (buffer_length(buffer) == 0) {
        free(buffer->bytes);
        buffer->bytes = NULL;
        buffer->capacity_bytes = 0;
    }
}

void
buffer_check(const struct buffer *buffer)
{
    assert(buffer->start <= buffer->end);
    assert(buffer->end <= buffer->capacity_bytes);
    assert(buffer->capacity_bytes <= buffer->bound_bytes);
    assert((buffer->bytes == NULL) == (buffer->capacity_bytes == 0));
}
