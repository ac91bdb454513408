#ifndef DIPC_PLAN_H
#define DIPC_PLAN_H

/*
 * A plan: what one connection's client is going to do, batch by batch.
 *
 * Idea.  The plan is a function of the seed and the client's number, and of
 * nothing that happens; so a seed gives the same plan again.  What depends on
 * the run is told by name: "the version last seen".
 *
 * Who may call.  One thread for each struct.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dice.h"

#define PLAN_DEPTH_MAX 32U

/* A verb of the protocol, or one of its odder requests. */
enum plan_verb {
    PLAN_READ,
    PLAN_REPLACE,
    PLAN_OVERWRITE,
    PLAN_APPEND,
    PLAN_LOOK,       /* s <mailbox> */
    PLAN_STATISTICS, /* s */
    PLAN_EMPTY_LINE
};

/* Which version a condition names. */
enum plan_version { PLAN_NONE, PLAN_SEEN, PLAN_BEFORE_SEEN };

/* How a batch is sent, and what becomes of the connection. */
enum plan_manner {
    PLAN_WHOLE,
    PLAN_PIECES,
    PLAN_UNFRAMED,   /* one write, whose end is the half-close */
    PLAN_NO_NEWLINE, /* one read, whose end is a silence */
    PLAN_QUIT,
    PLAN_CUT, /* the first of those that are rude */
    PLAN_RESET,
    PLAN_HALF_CLOSE,
    PLAN_STALL,
    PLAN_DEAF,
    PLAN_MANNERS
};

struct plan_step {
    enum plan_verb verb;
    uint32_t mailbox;
    uint32_t length;
    uint64_t offset;
    uint64_t max_bytes;
    uint64_t data_seed; /* not 0 */
    enum plan_version if_version;
    enum plan_version after_version;
    uint32_t wait_ms;
};

struct plan_batch {
    enum plan_manner manner;
    uint32_t count;
    uint64_t whim; /* where it is cut, or how large its pieces are */
    struct plan_step steps[PLAN_DEPTH_MAX];
};

struct plan {
    uint32_t mailboxes_count;
    uint32_t mailbox_bytes;
    uint32_t packet_bytes;
    uint32_t depth_max;    /* 1 .. PLAN_DEPTH_MAX */
    unsigned rude_percent; /* of the batches */
    bool timed; /* also requests that end by a silence or a half-close */
    struct dice dice;
};

void plan_init(struct plan *plan, uint64_t seed, uint64_t client);

void plan_next(struct plan *plan, struct plan_batch *batch);

const char *plan_manner_name(enum plan_manner manner);

#endif
