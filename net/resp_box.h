#ifndef DIPC_RESP_BOX_H
#define DIPC_RESP_BOX_H

/*
 * A box: one mailbox's content as a command sees and changes it, while the
 * mailbox is locked.
 *
 * Idea.  The commands between MULTI and EXEC see what those before them did,
 * though nothing is written until the last is through.  So each command works
 * on a box.  Alone, its write is merely noted, and the store does it without
 * another copy.  In a transaction the content is copied when it first changes,
 * and written back whole.  What its commands carry is bounded by its queue;
 * what they leave between, and has to be filled with zeros, is bounded here:
 * meanwhile the mailbox is locked.
 *
 * Who may call.  The functions of commands.
 */

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "store.h"

/* The most that a transaction fills with zeros, beside twice the mailbox. */
#define RESP_BOX_FILLED_EXTRA ((uint64_t)16 << 20)

struct resp_box {
    const char *bytes; /* NULL once changed alone */
    uint64_t size_bytes;
    uint64_t version;
    bool is_changed;
    uint64_t bound_bytes;      /* the mailbox's size */
    uint64_t filled_bytes;     /* with zeros, in a transaction */
    struct store_write *write; /* what shall be written; NULL: nothing may */
    struct buffer *work;       /* of a transaction; NULL: alone */
};

/* A box over a content that an operation of the store shows. */
void resp_box_init(struct resp_box *box, const struct store_content *content,
                   uint64_t bound_bytes, struct store_write *write,
                   struct buffer *work);

/*
 * Change it, as the store would.  Alone, all changes but the first replace.
 * Errors:  EFBIG   it would be longer than the mailbox
 *          E2BIG   the transaction would fill more than resp_box_filled_max
 *          ENOMEM  no memory for the copy
 */
int resp_box_write(struct resp_box *box, enum store_mode mode,
                   uint64_t offset_bytes, const char *data, size_t length_bytes)
    __attribute__((warn_unused_result));

uint64_t resp_box_filled_max(const struct resp_box *box);

/* Nothing more changes: fill in the write. */
void resp_box_finish(struct resp_box *box);

#endif
