#include "resp_box.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void
resp_box_init(struct resp_box *box, const struct store_content *content,
              uint64_t bound_bytes, struct store_write *write,
              struct buffer *work)
{
    *box = (struct resp_box){.bytes = content->bytes,
                             .size_bytes = content->size_bytes,
                             .version = content->version,
                             .bound_bytes = bound_bytes,
                             .write = write,
                             .work = work};
}

static void
note_write(struct resp_box *box, enum store_mode mode, uint64_t offset,
           const char *data, size_t length)
{
    assert(!box->is_changed || mode == STORE_REPLACE);
    box->write->mode = mode;
    box->write->offset_bytes = offset;
    box->write->data = data;
    box->write->length_bytes = length;
    box->bytes = NULL;
}

/* Have a copy of the content that is to be kept, and room for new_bytes. */
static int
copy_content(struct resp_box *box, uint64_t kept_bytes, uint64_t new_bytes)
{
    int error;

    if (!box->is_changed || kept_bytes == 0) {
        buffer_cut(box->work, 0);
    }
    error = new_bytes > buffer_length(box->work)
                ? buffer_reserve(box->work,
                                 (size_t)new_bytes - buffer_length(box->work))
                : 0;
    if (error == 0 && !box->is_changed && kept_bytes > 0) {
        memcpy(buffer_tail(box->work), box->bytes, (size_t)kept_bytes);
        buffer_append(box->work, (size_t)kept_bytes);
    }
    return error;
}

uint64_t
resp_box_filled_max(const struct resp_box *box)
{
    return 2 * box->bound_bytes + RESP_BOX_FILLED_EXTRA;
}

/* What is kept stays where it is, then come zeros up to the offset. */
static int
change_copy(struct resp_box *box, uint64_t kept, uint64_t offset,
            const char *data, size_t length)
{
    size_t hole = offset > kept ? (size_t)(offset - kept) : 0;
    size_t end = (size_t)offset + length;
    int error;

    if (hole > resp_box_filled_max(box) - box->filled_bytes) {
        return E2BIG;
    }
    error = copy_content(box, kept, end > kept ? end : kept);
    if (error != 0) {
        return error;
    }
    if (hole > 0) {
        memset(buffer_tail(box->work), 0, hole);
        buffer_append(box->work, hole);
        box->filled_bytes += hole;
    }
    if (end > buffer_length(box->work)) {
        buffer_append(box->work, end - buffer_length(box->work));
    }
    if (length > 0) {
        memcpy(buffer_bytes(box->work) + offset, data, length);
    }
    box->bytes = buffer_head(box->work);
    return 0;
}

int
resp_box_write(struct resp_box *box, enum store_mode mode,
               uint64_t offset_bytes, const char *data, size_t length_bytes)
{
    uint64_t offset = mode == STORE_APPEND      ? box->size_bytes
                      : mode == STORE_OVERWRITE ? offset_bytes
                                                : 0;
    uint64_t kept = mode == STORE_REPLACE ? 0 : box->size_bytes;
    int error = 0;

    assert(box->write != NULL);
    if (offset > box->bound_bytes || length_bytes > box->bound_bytes - offset) {
        return EFBIG;
    }
    if (length_bytes == 0) {
        offset = kept; /* nothing is written, and nothing grows */
    }
    if (box->work == NULL) {
        note_write(box, mode, offset_bytes, data, length_bytes);
    } else {
        error = change_copy(box, kept, offset, data, length_bytes);
    }
    if (error != 0) {
        return error;
    }
    box->size_bytes =
        offset + length_bytes > kept ? offset + length_bytes : kept;
    box->version += box->is_changed ? 0 : 1;
    box->is_changed = true;
    return 0;
}

void
resp_box_finish(struct resp_box *box)
{
    if (box->is_changed && box->work != NULL) {
        box->write->mode = STORE_REPLACE;
        box->write->offset_bytes = 0;
        box->write->data = buffer_head(box->work);
        box->write->length_bytes = buffer_length(box->work);
    }
}
