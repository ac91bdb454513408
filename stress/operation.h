#ifndef DIPC_OPERATION_H
#define DIPC_OPERATION_H

/*
 * Operations and their history: what clients asked of mailboxes, when, and what
 * they were told.
 *
 * Idea.  An operation is a call, a return, a request and an answer, in a struct
 * of fixed size, so that a million of them fit in memory.  Data of up to
 * OPERATION_SHORT bytes is kept as it is.  Longer data is kept as its length
 * and a hash; what a client writes is then made from a seed, so that it can be
 * made again, and what it reads is compared by its hash.
 *
 * A history is text, one operation a line:
 *
 *     history mailbox-bytes=4096 packet-bytes=4096
 *     initial 3 version=9 content=616263
 *     <client> <mailbox> <call ns> <return ns> <request> -> <answer>
 *
 *     read at=N max=N [if=V] [after=V]       ok <data> version=V size=N
 *     replace <data> [if=V]                  ok version=V size=N
 *     overwrite at=N <data> [if=V]           ok version=V size=N
 *     append <data> [if=V]                   ok version=V size=N
 *     look                                   ok version=V
 *
 *     conflict version=V, too-large, timeout, busy, unknown
 *
 * Data is "text" (printable, no space, quote or backslash), hex:<digits>,
 * made:<seed>:<length> or hash:<hash>:<length>.  A line that starts with # is a
 * comment.  `unknown`: the operation took effect once between its call and its
 * return, or never; its return may be `-`, for ever.  `initial` says what a
 * mailbox held when the history began; without it, nothing, at version 0.
 *
 * Who may call.  One thread for each struct.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPERATION_SHORT 16U
#define OPERATION_ANY UINT64_MAX     /* a version: not asked for */
#define OPERATION_FOREVER UINT64_MAX /* a return that has not come */

enum operation_verb {
    OPERATION_READ,
    OPERATION_REPLACE,
    OPERATION_OVERWRITE,
    OPERATION_APPEND,
    OPERATION_LOOK, /* statistics of a mailbox: its version */
    OPERATION_VERBS
};

enum operation_outcome {
    OPERATION_UNKNOWN, /* may have happened, at any time until its return */
    OPERATION_OK,
    OPERATION_CONFLICT,
    OPERATION_TOO_LARGE,
    OPERATION_TIMEOUT,
    OPERATION_BUSY,
    OPERATION_NEVER, /* not sent whole: it cannot happen; in no history */
    OPERATION_OUTCOMES
};

struct operation_data {
    uint64_t seed; /* made from it; 0: only the hash is known */
    uint64_t hash;
    uint32_t length;
    unsigned char bytes[OPERATION_SHORT]; /* when that short */
};

struct operation {
    uint64_t call_ns;
    uint64_t return_ns;
    uint64_t if_version;
    uint64_t after_version;
    uint64_t offset;
    uint64_t max_bytes; /* a read's */
    uint64_t version;   /* answered */
    uint64_t size;      /* answered */
    struct operation_data data;
    uint32_t client;
    uint32_t mailbox;
    uint8_t verb;
    uint8_t outcome;
};

/* What a mailbox held at first. */
struct operation_initial {
    uint32_t mailbox;
    uint64_t version;
    uint64_t size;
    unsigned char *content;
};

struct operations {
    uint64_t mailbox_bytes;
    uint64_t packet_bytes;
    struct operation *items;
    size_t count;
    size_t capacity;
    struct operation_initial *initials;
    size_t initials_count;
};

/* Fill bytes[0..length) from a seed. */
void operation_make(uint64_t seed, unsigned char *bytes, size_t length);

uint64_t operation_hash(const unsigned char *bytes, size_t length);

/* Describe data that was made from a seed (not 0), or is just known. */
struct operation_data operation_data_made(uint64_t seed, uint32_t length);
struct operation_data
operation_data_of(const unsigned char *bytes, uint32_t length);

/* The bytes themselves, if they can be had. */
bool
operation_data_bytes(const struct operation_data *data, unsigned char *bytes);

bool operation_data_is(const struct operation_data *data,
                       const unsigned char *bytes, uint64_t length);

const char *operation_verb_name(enum operation_verb verb);
const char *operation_outcome_name(enum operation_outcome outcome);

/* Does its answer say that it changed the mailbox? */
bool operation_is_change(const struct operation *operation);

void operations_init(struct operations *all);
void operations_fini(struct operations *all);
void operations_add(struct operations *all, const struct operation *operation);
void operations_add_initial(struct operations *all, uint32_t mailbox,
                            uint64_t version, const unsigned char *content,
                            uint64_t size);

/* NULL: it held nothing. */
const struct operation_initial *
operations_initial(const struct operations *all, uint32_t mailbox);

/* The line of one operation, without its newline. */
void operation_print(const struct operation *operation, FILE *stream);
void operations_print_head(const struct operations *all, FILE *stream);
void operations_print(const struct operations *all, FILE *stream);

/*
 * Add what a stream holds.
 *   line  on EINVAL: which one is wrong, counted from 1
 * Errors: EINVAL  that is no history; EIO  it cannot be read
 */
int operations_read(struct operations *all, FILE *stream, size_t *line)
    __attribute__((warn_unused_result));

#endif
