#ifndef DIPC_FAKE_STORE_H
#define DIPC_FAKE_STORE_H

/*
 * A store in plain memory, and a clock that stands still until a test moves
 * it: all that a session needs, with no lock, no segment and no time.
 *
 * Idea.  A test can make any operation fail by name, and can change a mailbox
 * between two steps of a session as another client would.
 *
 * Who may call.  One test.
 */

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

#define FAKE_STORE_MAILBOXES 4
#define FAKE_STORE_BYTES_MAX 65536

struct fake_mailbox {
    char content[FAKE_STORE_BYTES_MAX];
    size_t size_bytes;
    uint64_t version;
};

struct fake_store {
    struct store store; /* first: the store is this */
    struct fake_mailbox mailboxes[FAKE_STORE_MAILBOXES];
    int read_error;        /* what the next reads return, unless 0 */
    int write_error;       /* what the next writes return, unless 0 */
    int version_error;     /* what the next looks at a version return */
    int describe_error;    /* what the next descriptions return */
    bool writes_anyway;    /* a write that fails has happened all the same */
    bool asks_again;       /* an update asks twice what is to be written */
    uint64_t version_lead; /* how much a look at a version promises too much */
    uint64_t now_ns;       /* what the clock shows */
};

/* Mailboxes of mailbox_bytes, empty; an operation beyond fails as it should. */
void fake_store_init(struct fake_store *fake, size_t mailbox_bytes);

/* A clock that shows fake->now_ns. */
struct session_clock fake_store_clock(struct fake_store *fake);

/* What another client's write of a text does. */
void
fake_store_put(struct fake_store *fake, uint64_t mailbox, const char *text);

#endif
