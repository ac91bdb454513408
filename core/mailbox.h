#ifndef DIPC_MAILBOX_H
#define DIPC_MAILBOX_H

/*
 * A mailbox: a byte string and its version, read by many, written by one.
 *
 * Idea.  A mailbox has two banks of bytes and two records that describe a
 * content (bank, length).  The version is the commit word: record version & 1
 * is the valid one.  A writer, under the write lock, prepares the other record
 * and whatever bytes no reader can see, and then publishes bank, length and
 * version together by storing the next version: one store, before which nothing
 * has happened and after which all has.
 *
 * Bytes that no reader can see are the spare bank, and the bytes of the current
 * bank beyond its length.  So an append goes in place, and costs its own bytes
 * only.  An overwrite below the length is built in the spare bank; a record
 * remembers how much of the spare bank mirrors the current one (a prefix but
 * for one stale range), so that an overwrite copies what the last ones changed
 * and not the whole content.
 *
 * Invariants.
 *   M2 durability a committed version stays until the next commit, whoever
 *                 dies: a writer that dies has changed nothing but bytes that
 *                 no reader can see
 *   M1 atomicity  a reader sees exactly one committed version: content,
 *                 length and number together
 *   S1            see segment.h
 *   R1            bank is 0 or 1; length <= mailbox size
 *   R2            mirrored <= length; stale_begin <= stale_end <= mirrored
 *   R3            the spare bank equals the current one in [0, mirrored), but
 *                 for [stale_begin, stale_end)
 *
 * Who may call.  The owner of an idle seat; it holds no lock of ours.
 *
 * Lock order.  The mailbox's rwlock, then its watch's guard.
 *
 * Source.  Two copies and an index switched at the commit: the shadow copy of
 * R. A. Lorie, "Physical Integrity in a Large Segmented Database", ACM TODS
 * 2(1), 1977.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "rwlock.h"
#include "watch.h"

#define MAILBOX_ANY_VERSION UINT64_MAX
#define MAILBOX_VERSION_MAX ((uint64_t)INT64_MAX)

struct segment;

/* The valid one under the lock, shared or not; the other under the write
 * lock.  `mirrored` alone is also stored in the valid one, by a writer. */
struct mailbox_record {
    uint64_t length_bytes;
    _Atomic uint64_t mirrored_bytes;
    uint64_t stale_begin;
    uint64_t stale_end;
    uint32_t bank;
    uint32_t padding;
};

struct mailbox {
    struct rwlock lock;
    struct watch watch;
    _Atomic uint64_t version; /* the commit word; under the write lock */
    _Atomic uint64_t reads;   /* any thread */
    struct mailbox_record records[2];
    uint8_t padding[32];
};

static_assert(sizeof(struct mailbox) % 64 == 0,
              "mailboxes share no cache line");

enum mailbox_mode { MAILBOX_REPLACE, MAILBOX_OVERWRITE, MAILBOX_APPEND };

/* What to read. */
struct mailbox_read {
    uint64_t offset_bytes;
    uint64_t max_bytes;  /* the buffer holds at least this */
    uint64_t if_version; /* MAILBOX_ANY_VERSION: do not judge */
};

/* What to write. */
struct mailbox_write {
    enum mailbox_mode mode;
    uint64_t offset_bytes; /* MAILBOX_OVERWRITE only */
    uint64_t if_version;   /* MAILBOX_ANY_VERSION: do not judge */
    const void *data;
    uint64_t length_bytes;
};

/* A mailbox as an operation left it or found it. */
struct mailbox_view {
    uint64_t version;
    uint64_t size_bytes;   /* of the whole content */
    uint64_t length_bytes; /* copied by a read */
};

/* A content as it is under the lock; gone with it. */
struct mailbox_content {
    const void *bytes;
    uint64_t size_bytes;
    uint64_t version;
};

/* A mailbox's figures at one moment. */
struct mailbox_figures {
    uint64_t version;
    uint64_t size_bytes;
    uint64_t reads;
    uint32_t readers;    /* holding now */
    uint32_t writers;    /* holding now */
    uint32_t waiting;    /* queued for the lock now */
    uint32_t watching;   /* waiting for a version now */
    uint64_t recoveries; /* of its lock and its watch */
};

/*
 * Make an empty mailbox of version 0 in the caller's memory.
 *   index   its number in its segment, below 2^30
 * Errors: what pthread_mutex_init returns
 */
int mailbox_init(struct mailbox *mailbox, uint32_t index)
    __attribute__((warn_unused_result));
void mailbox_fini(struct mailbox *mailbox);

/*
 * Could this mailbox, whatever its bytes, hold a committed content (R1)?
 * Context:  nobody uses it.
 */
bool mailbox_is_sound(const struct mailbox *mailbox, uint64_t mailbox_bytes);

/*
 * Make the pthread objects of a mailbox anew, whose users are all dead, and
 * keep its content, or empty it, as one more version.
 * Errors: what pthread_mutex_init returns
 */
int mailbox_adopt(struct mailbox *mailbox, uint32_t index, bool keep)
    __attribute__((warn_unused_result));

/*
 * Copy content[offset, offset + max) of mailbox m, as far as it exists, to
 * buffer.  At or past the end that is no byte, and no error.
 *   deadline  absolute, CLOCK_MONOTONIC; NULL waits for ever
 *   view      filled on success and on ESTALE
 * Context:  the owner of an idle seat; blocks until the deadline.
 * Errors:   ENOENT     no such mailbox
 *           ESTALE     if_version is not the version
 *           ETIMEDOUT  the lock was not had by the deadline
 *           ECANCELED  the seat is cancelled and would have had to wait
 * Effect:   at the load of the version, under the read lock (M1).
 */
int mailbox_read(struct segment *segment, uint32_t seat, uint32_t m,
                 const struct mailbox_read *request,
                 const struct timespec *deadline, void *buffer,
                 struct mailbox_view *view) __attribute__((warn_unused_result));

/*
 * Replace the content of mailbox m, overwrite it from an offset (a gap behind
 * the old end reads as zero; the content never shrinks; length 0 changes no
 * byte) or append to it.  The version rises by one.
 *   view      filled on success and on ESTALE
 * Context:  the owner of an idle seat; blocks until the deadline.
 * Errors:   as mailbox_read, and
 *           EFBIG  the content would be longer than the mailbox
 * Effect:   at the publication of the version, under the write lock (M1).
 *           After an error the mailbox is as it was.
 */
int mailbox_write(struct segment *segment, uint32_t seat, uint32_t m,
                  const struct mailbox_write *request,
                  const struct timespec *deadline, struct mailbox_view *view)
    __attribute__((warn_unused_result));

/*
 * Show the whole content of mailbox m to `look`, where it lies, under the read
 * lock.  What `look` returns is returned; with an error it was no read, and is
 * not counted as one.
 *   look  neither blocks nor uses the segment
 * Context:  the owner of an idle seat; blocks until the deadline.
 * Errors:   as mailbox_read, but ESTALE; and what `look` returns
 * Effect:   at the load of the version, under the read lock (M1).
 */
int mailbox_inspect(struct segment *segment, uint32_t seat, uint32_t m,
                    int (*look)(void *context,
                                const struct mailbox_content *content),
                    void *context, const struct timespec *deadline)
    __attribute__((warn_unused_result));

/*
 * Show the whole content of mailbox m to `decide`, as mailbox_inspect does but
 * under the write lock, and write what it decides: nobody writes in between.
 * When it returns an error, that is returned, and the mailbox is as it was.
 *   decide  fills *write, whose data may lie in the content; its if_version
 *           is judged as ever
 *   view    filled on success and on ESTALE
 * Context:  the owner of an idle seat; blocks until the deadline.
 * Errors:   as mailbox_write, and what `decide` returns
 * Effect:   at the publication of the version, under the write lock (M1).
 */
int
mailbox_update(struct segment *segment, uint32_t seat, uint32_t m,
               int (*decide)(void *context,
                             const struct mailbox_content *content,
                             struct mailbox_write *write),
               void *context, const struct timespec *deadline,
               struct mailbox_view *view) __attribute__((warn_unused_result));

/*
 * Wait until the version of mailbox m is greater than `above`.
 * Context:  the owner of an idle seat; blocks until the deadline, holding
 *           nothing.
 * Errors:   ENOENT     no such mailbox
 *           ETIMEDOUT  nothing newer by the deadline
 *           ECANCELED  the seat is cancelled and would have had to wait
 */
int mailbox_wait(struct segment *segment, uint32_t seat, uint32_t m,
                 uint64_t above, const struct timespec *deadline)
    __attribute__((warn_unused_result));

/*
 * The version now.  Context: any thread; never blocks.
 * Errors: ENOENT  no such mailbox
 */
int mailbox_version(const struct segment *segment, uint32_t m,
                    uint64_t *version) __attribute__((warn_unused_result));

/*
 * The figures of mailbox m.
 * Context:  the owner of an idle seat; blocks until the deadline.
 * Errors:   as mailbox_read, but ESTALE
 */
int mailbox_describe(struct segment *segment, uint32_t seat, uint32_t m,
                     const struct timespec *deadline,
                     struct mailbox_figures *figures)
    __attribute__((warn_unused_result));

/*
 * Assert the invariants of mailbox m, its lock and its watch.
 * Context:  any thread, while nobody writes the mailbox.
 */
void mailbox_check(struct segment *segment, uint32_t m);

#endif
