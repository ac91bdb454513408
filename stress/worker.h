#ifndef DIPC_WORKER_H
#define DIPC_WORKER_H

/*
 * A worker: a process that uses mailboxes until it is told to stop or killed,
 * and leaves on record what it saw and was told.
 *
 * Idea.  The records lie in memory of the parent's, not in the segment, and
 * outlive the worker: which operation it is in and since when, the newest
 * version it saw or was told of for each mailbox, its longest waits, and a ring
 * of history entries that the parent empties.  A worker writes an entry only
 * after the operation has returned: what is on record was committed.
 *
 * Who may call.  worker_run: a process of its own, once.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "commons.h"
#include "history.h"

#define WORKER_MAILBOXES_MAX 8U
#define WORKER_RING 32768U
#define WORKER_FLAW_BYTES 256

enum worker_act {
    WORKER_READ,
    WORKER_REPLACE,
    WORKER_OVERWRITE,
    WORKER_APPEND,
    WORKER_SWAP,
    WORKER_WAIT,
    WORKER_SIT,
    WORKER_ACTS
};

/* How long operations took that began with a worker and ended with it. */
enum worker_span {
    WORKER_UNDER_NAP_HEAD, /* up to 50 ms */
    WORKER_UNDER_NAP,      /* up to 500 ms */
    WORKER_OVER_NAP,
    WORKER_SPANS
};

/* What a worker has on record; the parent reads it at any time. */
struct worker_record {
    _Atomic uint64_t began_ns;    /* of the operation it is in; 0: none */
    _Atomic uint64_t deadline_ns; /* of that operation; 0: none */
    _Atomic uint32_t act;
    _Atomic uint32_t seat; /* SEAT_NONE: it does not sit */
    _Atomic uint64_t newest[WORKER_MAILBOXES_MAX];
    _Atomic uint64_t done[WORKER_ACTS];
    _Atomic uint64_t timed_out;
    _Atomic uint64_t worst_ns[WORKER_ACTS]; /* beyond a wait's own deadline */
    _Atomic uint64_t spans[WORKER_SPANS];
    _Atomic uint64_t stamps; /* used so far */
    _Atomic uint64_t dropped;
    _Atomic uint64_t pushed; /* entries ever, in the ring's order */
    _Atomic uint64_t pulled;
    struct history_entry ring[WORKER_RING];
    char flaw[WORKER_FLAW_BYTES]; /* why it ended by itself */
};

/* What a worker is told. */
struct worker_orders {
    struct commons *commons;
    struct worker_record *record;
    const _Atomic uint32_t *stop;
    uint32_t number;
    uint64_t seed;
    uint64_t patience_ns; /* no operation may take longer */
};

const char *worker_act_name(enum worker_act act);

/* Returns when told to stop; ends the process when something is wrong. */
void worker_run(const struct worker_orders *orders);

#endif
