#ifndef DIPC_SEGMENT_STORE_H
#define DIPC_SEGMENT_STORE_H

/*
 * The store over the shared segment: one seat for each client's thread.
 *
 * Idea.  Opening a store sits down in the segment, closing it stands up.  In
 * between every operation of the store is the mailbox's operation, with the
 * lock timeout as its deadline and errors by the names of net/store.h.
 *
 * Who may call.  See net/store_source.h.  The segment outlives the source, the
 * source outlives its stores.
 *
 * Lock order.  None of ours: the locks are core's.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "log.h"
#include "segment.h"
#include "store_source.h"

struct segment_source {
    struct store_source source; /* first: the source is this */
    struct segment *segment;    /* const after init */
    uint64_t lock_timeout_ns;   /* const after init */
    struct log *log;            /* told of recoveries; const after init */
    _Atomic uint64_t told;      /* recoveries that the log was told of */
};

/* log may be NULL. */
void segment_store_init(struct segment_source *source, struct segment *segment,
                        uint64_t lock_timeout_ns, struct log *log);

#endif
