#ifndef DIPC_STORE_SOURCE_H
#define DIPC_STORE_SOURCE_H

/*
 * A source of stores: where a server gets a store for each of its clients.
 *
 * Idea.  A server knows no more of mailboxes than its sessions do.  Each
 * client's thread opens a store of its own, drives a session over it and gives
 * it back.  Behind this stands the shared segment (net/segment_store.h); a
 * collector of results or a test's own mailboxes can stand there as well.
 *
 * Who may call.  open and close: the thread that uses the store.  cancel: any
 * thread, while the store is open.
 */

#include <stdint.h>

#include "store.h"

struct store_source;

struct store_source_ops {
    /*
     * A store for the calling thread.
     *   hint  the client's place in the server: spreads them out
     * Errors: EAGAIN  every place is taken; ENOMEM; others
     */
    int (*open)(struct store_source *source, uint32_t hint,
                struct store **store);
    void (*close)(struct store_source *source, struct store *store);

    /*
     * End the store's waits with ECANCELED, the present one and those to come
     * until it is closed; an operation that need not wait still succeeds.
     */
    void (*cancel)(struct store_source *source, struct store *store);
};

struct store_source {
    const struct store_source_ops *ops; /* const after init */
};

#endif
