#ifndef DIPC_BUFFER_H
#define DIPC_BUFFER_H

/*
 * A queue of bytes in one piece of memory: appended at its tail, consumed at
 * its head, never more than its bound.
 *
 * Idea.  What is held is always contiguous, so that a request can be handed
 * on without a copy.  Consuming moves an index.  Bytes are moved to the front
 * only when room is wanted, and only when that costs no more than what was
 * consumed before, or when the buffer cannot grow: so many small consumptions
 * together cost time linear in the bytes.  Memory comes when first needed,
 * doubles up to the bound, and is given back when asked and empty.
 *
 * Invariants.
 *   B1  start <= end <= capacity_bytes <= bound_bytes
 *   B2  bytes is NULL exactly when capacity_bytes is 0
 *
 * Who may call.  The owner of the buffer.
 */

#include <stddef.h>

struct buffer {
    char *bytes;
    size_t capacity_bytes;
    size_t first_bytes; /* what is allocated first; const after init */
    size_t bound_bytes; /* const but for buffer_widen */
    size_t start;       /* bytes[start..end) are held */
    size_t end;
};

/* An empty buffer that holds no memory yet. */
void buffer_init(struct buffer *buffer, size_t first_bytes, size_t bound_bytes);
void buffer_fini(struct buffer *buffer);

/*
 * Make sure that room_bytes can be appended.  Pointers into it become stale.
 * Errors:  ENOBUFS  that would be more than the bound
 *          ENOMEM   no memory; what is held stays
 */
int buffer_reserve(struct buffer *buffer, size_t room_bytes)
    __attribute__((warn_unused_result));

/* From here on up to bound_bytes may be held, or more if more could before. */
void buffer_widen(struct buffer *buffer, size_t bound_bytes);

/* How much is held, and where it begins. */
size_t buffer_length(const struct buffer *buffer);
const char *buffer_head(const struct buffer *buffer);

/* The same, for whoever works on what is held where it is. */
char *buffer_bytes(struct buffer *buffer);

/* How much can be appended now, and where it goes. */
size_t buffer_room(const struct buffer *buffer);
char *buffer_tail(const struct buffer *buffer);

/* `bytes` more were written at the tail. */
void buffer_append(struct buffer *buffer, size_t bytes);

/* The first `bytes` are used up. */
void buffer_consume(struct buffer *buffer, size_t bytes);

/* Forget what is held beyond the first length_bytes. */
void buffer_cut(struct buffer *buffer, size_t length_bytes);

/* Give the memory back if nothing is held. */
void buffer_rest(struct buffer *buffer);

/* Assert B1 and B2. */
void buffer_check(const struct buffer *buffer);

#endif
