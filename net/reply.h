#ifndef DIPC_REPLY_H
#define DIPC_REPLY_H

/*
 * What a session has said and not sent yet: answers of DIPC's own protocol,
 * in the order of their requests.
 *
 * Idea.  Room is made before anything is done that an answer will tell of, so
 * that nothing happens which cannot be told.  A store copies what is read
 * straight to its place here: behind an answer line whose length is guessed,
 * for the numbers in it are known only afterwards, and seldom differ in length
 * from those of the read before.  When there is no memory, a constant text
 * takes an answer's place.
 *
 * Invariants.
 *   A1  what reply_pending shows is a sequence of whole answers, but for what
 *       reply_sent took from its front
 *   A2  no more than the bound is held
 *
 * Who may call.  The session that owns it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "codec.h"
#include "statistics.h"
#include "store.h"

struct reply {
    struct buffer output;
    struct statistics *statistics; /* const after init */
    const char *last_words;        /* sent after the output; constant text */
    size_t line_guess_bytes;       /* how long a read's answer line will be */
};

void reply_init(struct reply *reply, size_t bound_bytes,
                struct statistics *statistics);
void reply_fini(struct reply *reply);

/*
 * Have room for one answer line and data_bytes of data.
 * Errors:  EAGAIN  not before what is pending has been sent
 *          ENOMEM  nothing is pending, and there is no memory
 */
int reply_make_room(struct reply *reply, size_t data_bytes)
    __attribute__((warn_unused_result));

/* The answers.  Context: reply_make_room, for each of them. */
void reply_ok(struct reply *reply, const char *data, size_t length_bytes);
void reply_view(struct reply *reply, const struct store_view *view);
void reply_error(struct reply *reply, enum codec_error error,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Not the expected version, but this one. */
void reply_conflict(struct reply *reply, uint64_t version, uint64_t expected);

/*
 * A read in two steps: where the store shall copy the data, then the answer
 * to what it copied.  Without the second nothing has been said.
 */
char *reply_data(const struct reply *reply);
void reply_read(struct reply *reply, const struct store_view *view);

/* The last answer of all, a constant text that takes no memory. */
void reply_last_words(struct reply *reply, const char *text);

bool reply_is_empty(const struct reply *reply);
void reply_pending(const struct reply *reply, const void **data,
                   size_t *length_bytes);
void reply_sent(struct reply *reply, size_t bytes);

#endif
