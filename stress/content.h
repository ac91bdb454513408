#ifndef DIPC_CONTENT_H
#define DIPC_CONTENT_H

/*
 * A content that says what it is, so that a reader can tell a committed one
 * from a torn one.
 *
 * Idea.  A base and any number of blocks appended to it.  Each says who wrote
 * it (a stamp, used once in a run), which version it made (or 0, when its
 * writer could not know), how long it is, and the checksum of all that and of
 * its body.  A block whose writer knew the version also names the checksum of
 * what it was appended to, and so everything before it.
 *
 * Who may call.  Any thread.
 */

#include <stdint.h>

#include "dice.h"

#define CONTENT_BASE_BYTES_MIN 48U
#define CONTENT_BLOCK_BYTES_MIN 48U

/* What a sound content says of itself. */
struct content_verdict {
    const char *flaw; /* NULL: sound */
    uint64_t stamp;   /* of its last writer */
    uint64_t version; /* that its last writer made, or 0 */
    uint64_t link;    /* what a block appended to it names */
    uint64_t base_bytes;
    uint64_t blocks;
};

/* Bytes 0..length of a base: a multiple of 8, at least the minimum. */
void content_build_base(void *buffer, uint64_t length_bytes, uint64_t stamp,
                        uint64_t version, struct dice *dice);

/*
 * Turn a sound base without blocks into another one of the same length, and
 * change only its first changed_bytes.
 */
void content_alter_base(void *buffer, uint64_t changed_bytes, uint64_t stamp,
                        uint64_t version, struct dice *dice);

/* A block; link is 0 where the writer does not know what is before it. */
void content_build_block(void *buffer, uint64_t length_bytes, uint64_t stamp,
                         uint64_t version, uint64_t link, struct dice *dice);

/* Judge a content that was read as one version. */
struct content_verdict
content_judge(const void *buffer, uint64_t length_bytes, uint64_t version);

#endif
