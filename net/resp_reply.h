#ifndef DIPC_RESP_REPLY_H
#define DIPC_RESP_REPLY_H

/*
 * The writing half of Redis's protocol: answers, in its second or third form.
 *
 * Idea.  An answer is written piece by piece to the session's output.  A piece
 * that finds no room spoils the whole answer: what follows is dropped, and
 * `error` tells.  So nobody who writes an answer has to look at each piece;
 * whoever runs a command takes the answer back to its mark, and says so.
 *
 * Invariants.
 *   W1  what is in the output before the mark is a sequence of whole answers
 *   W2  a line (a status, an error) has one end of line, at its end
 *
 * Who may call.  The session that owns it.
 */

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

struct resp_reply {
    struct buffer *output; /* const after init */
    int version;           /* of the protocol: 2 or 3 */
    int error;             /* 0; ENOMEM or ENOBUFS: this answer is spoilt */
    size_t mark;           /* where it begins */
};

void resp_reply_init(struct resp_reply *reply, struct buffer *output);

/* An answer begins here. */
void resp_reply_mark(struct resp_reply *reply);

/* Take back what was written since the mark. */
void resp_reply_take_back(struct resp_reply *reply);

void resp_reply_status(struct resp_reply *reply, const char *text);

/* "-<text>", as printf has it, with its first word in capitals: a code. */
void resp_reply_error(struct resp_reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void resp_reply_integer(struct resp_reply *reply, uint64_t number);
void resp_reply_signed(struct resp_reply *reply, int number);
void resp_reply_bulk(struct resp_reply *reply, const char *bytes,
                     uint64_t length_bytes);
void resp_reply_text(struct resp_reply *reply, const char *text); /* a bulk */

/* A text to be shown to a person as it is. */
void resp_reply_verbatim(struct resp_reply *reply, const char *text,
                         size_t length_bytes);

/* No value: in place of a bulk, or of an array. */
void resp_reply_null(struct resp_reply *reply);
void resp_reply_null_array(struct resp_reply *reply);

/* So many answers follow: elements, or keys and values in turn. */
void resp_reply_array(struct resp_reply *reply, size_t count);
void resp_reply_set(struct resp_reply *reply, size_t count);
void resp_reply_map(struct resp_reply *reply, size_t pairs_count);

#endif
