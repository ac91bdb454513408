#ifndef DIPC_STORE_H
#define DIPC_STORE_H

/*
 * The store: all that a session may ask of mailboxes.
 *
 * Idea.  A session knows mailboxes through this narrow interface only.  Behind
 * it stands the shared segment or a collector of results; a remote service can
 * stand there as well, without a change to the session.
 *
 * Who may call.  One session, from the one thread that drives it; an
 * implementation need not be safe for two threads at once (each client has a
 * store of its own, over the same mailboxes).
 *
 * Errors, of every operation that returns int; all leave the mailbox as it is:
 *   ENOENT     no such mailbox
 *   ESTALE     if_version named another version; *view holds the current one
 *   EFBIG      the content would be longer than a mailbox
 *   EBUSY      the mailbox's lock was not had within the lock timeout
 *   ETIMEDOUT  wait: nothing newer by the deadline
 *   ECANCELED  the wait was cancelled from outside (shutdown, a client gone)
 *   EINPROGRESS  the outcome is unknown: the write may or may not have happened
 *   any other  an internal fault
 */

#include <stddef.h>
#include <stdint.h>

#define STORE_ANY_VERSION UINT64_MAX

enum store_mode { STORE_REPLACE, STORE_OVERWRITE, STORE_APPEND };

struct store_read {
    uint64_t mailbox;
    uint64_t offset_bytes;
    size_t max_bytes;    /* no more than this, and than the caller's buffer */
    uint64_t if_version; /* STORE_ANY_VERSION: do not judge */
};

struct store_write {
    uint64_t mailbox;
    enum store_mode mode;
    uint64_t offset_bytes; /* STORE_OVERWRITE only */
    uint64_t if_version;   /* STORE_ANY_VERSION: do not judge */
    const void *data;
    size_t length_bytes;
};

/* The mailbox as the operation left it or found it. */
struct store_view {
    uint64_t version;
    uint64_t size_bytes; /* of the whole content */
    size_t length_bytes; /* copied by a read */
};

/* A whole content, while an operation shows it. */
struct store_content {
    const char *bytes;
    uint64_t size_bytes;
    uint64_t version;
};

/* How one that has a result to send begins: see net/collector.h. */
struct store_opening {
    uint64_t which;
    const char *token;
    uint64_t type;
    uint64_t size_bytes; /* announced; STORE_ANY_SIZE: not */
    uint64_t fail;       /* not 0: there is no result, but this error */
};

#define STORE_ANY_SIZE UINT64_MAX

struct store;

struct store_ops {
    /* Copy at most max_bytes of the content, from offset_bytes, to buffer. */
    int (*read)(struct store *store, const struct store_read *request,
                void *buffer, struct store_view *view);

    /* Write atomically; the version rises by one. */
    int (*write)(struct store *store, const struct store_write *request,
                 struct store_view *view);

    /*
     * Show the whole content to `look`, while nobody writes it.  What `look`
     * returns is returned; with an error it was no read.  It neither blocks nor
     * uses the store.  NULL, and `update` too: this store is for DIPC's own
     * protocol alone.
     */
    int (*inspect)(struct store *store, uint64_t mailbox,
                   int (*look)(void *context,
                               const struct store_content *content),
                   void *context);

    /*
     * Show the whole content to `decide`, and write what it decides before
     * anybody else writes: *write comes filled for this mailbox, to replace
     * nothing.  When it returns an error, that is returned, and nothing is
     * written.  It neither blocks nor uses the store, and may be asked again
     * about a newer content, when its former decision counts no more.
     */
    int (*update)(struct store *store, uint64_t mailbox,
                  int (*decide)(void *context,
                                const struct store_content *content,
                                struct store_write *write),
                  void *context, struct store_view *view);

    /* The version now.  Never blocks. */
    int (*version)(struct store *store, uint64_t mailbox, uint64_t *version);

    /*
     * Block until the version is greater than `version`, at the latest until
     * deadline_ns (absolute, CLOCK_MONOTONIC).  Called by the engine that
     * drives the session, never by the session itself.
     */
    int (*wait)(struct store *store, uint64_t mailbox, uint64_t version,
                uint64_t deadline_ns);

    /*
     * The statistics of one mailbox: lines of "name value\n" in
     * text[0..room_bytes), *length_bytes of them (STORE_TEXT_MAX suffices).
     */
    int (*describe)(struct store *store, uint64_t mailbox, char *text,
                    size_t room_bytes, size_t *length_bytes);

    /*
     * A collector's own; both NULL in every other store.  A collector has the
     * operations begin, write and finish alone, and no session calls others.
     * The protocol's `g`.
     * Errors: ENOENT, ECANCELED
     *         EACCES    the token is not this one's
     *         EALREADY  it has begun before
     *         EFBIG     it announces more than a result may have
     */
    int (*begin)(struct store *store, const struct store_opening *opening);

    /*
     * The protocol's `q`: what was written is the whole result.
     * Errors: ECANCELED
     *         ENODATA  less was written than was announced
     */
    int (*finish)(struct store *store);
};

#define STORE_TEXT_MAX 1024

struct store {
    const struct store_ops *ops; /* const after init */
    uint64_t mailboxes_count;    /* const after init */
    uint64_t mailbox_bytes;      /* const after init */
};

#endif
