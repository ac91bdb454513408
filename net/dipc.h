#ifndef DIPC_H
#define DIPC_H

/*
 * libdipc: a client of DIPC, a server of shared mailboxes.  dipc(3) is the
 * manual; the protocol is in docs/protocol.md.
 *
 * Idea.  A mailbox holds a byte string and a version, the count of the writes
 * to it.  A connection asks one thing at a time (dipc_read, dipc_write, ...),
 * or many at once (a batch).  Every call ends: within the connection's timeout,
 * and beyond that only for as long as the caller itself asks to wait for a
 * version.
 *
 *     struct dipc_connection *c;
 *     struct dipc_error error;
 *     struct dipc_answer answer;
 *
 *     if (dipc_connect("localhost", "7000", 5000, &c, &error) != DIPC_OK)
 *         errx(1, "%s", error.message);
 *     if (dipc_write(c, 3, "hello", 5, &answer, &error) != DIPC_OK)
 *         errx(1, "%s", error.message);
 *     dipc_close(c);
 *
 * What can go wrong is of two kinds.  The server answers "no" (a conflict, too
 * large, ...): nothing was changed, and the connection goes on.  Or the
 * connection fails (broken, timed out, ...): then it is of no further use,
 * because nobody could tell to which request a late answer belongs; every later
 * call says DIPC_BROKEN, and all that is left is dipc_close.  A write that was
 * under way then may or may not have been carried out: error.is_unknown says
 * so.  Nothing is ever sent twice; whether to connect again and look is the
 * caller's decision, and compare-and-swap makes a second try safe.
 *
 * Sizes are in bytes, times in milliseconds, versions 0 to DIPC_VERSION_MAX.
 * Bytes are bytes: nothing is ended by a zero, nothing is converted.
 *
 * Who may call.  Any thread; one thread at a time for each connection and for
 * each batch, several connections at once from several threads.  There is no
 * global state.  No call raises a signal (SIGPIPE) or is ended by one.  A
 * connection is not to be used by two processes after fork(2); its descriptor
 * does not survive execve(2).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DIPC_API __attribute__((visibility("default")))
#else
#define DIPC_API
#endif

/* Of this header; dipc_library_version tells the library's. */
#define DIPC_LIBRARY_VERSION "1.0.0"

#define DIPC_VERSION_MAX INT64_MAX
#define DIPC_MESSAGE_MAX 256 /* bytes of a message, its end included */

/* As a timeout or a wait: no end. */
#define DIPC_FOREVER (-1)
/* As a version: whichever it is. */
#define DIPC_ANY_VERSION UINT64_MAX
/* As the place of a write: instead of the whole content, or behind its end. */
#define DIPC_REPLACE UINT64_MAX
#define DIPC_END (UINT64_MAX - 1)
/* As a mailbox: the server itself, for dipc_stat. */
#define DIPC_SERVER UINT32_MAX

enum dipc_status {
    DIPC_OK = 0,

    /* The server says no.  Nothing was changed; the connection goes on. */
    DIPC_CONFLICT,        /* another version; error.version tells which */
    DIPC_NOTHING_NEWER,   /* no newer version came in time */
    DIPC_NO_SUCH_MAILBOX, /* the server has no such number */
    DIPC_TOO_LARGE,       /* more than a packet, or than the mailbox holds */
    DIPC_BUSY,            /* no place, or the mailbox's lock was not had */
    DIPC_BAD_REQUEST,     /* the server did not accept it, or not in time */
    DIPC_OTHER_ERROR,     /* a word that this library does not know */

    /* The server says no and closes.  Nothing was changed. */
    DIPC_SHUTTING_DOWN, /* it is ending */
    DIPC_INTERNAL,      /* a fault in the server; its log tells more */

    /* There is no connection. */
    DIPC_NOT_FOUND,   /* no such host, service or path */
    DIPC_REFUSED,     /* nobody listens there, or it is not allowed */
    DIPC_UNREACHABLE, /* the network does not lead there */

    /* The connection has failed; error.is_unknown tells of a write. */
    DIPC_TIMED_OUT, /* no connection, or no answer, within the timeout */
    DIPC_BROKEN,    /* the connection ended, or had ended before */
    DIPC_PROTOCOL,  /* what came is no answer of a DIPC server */

    /* Nothing was sent. */
    DIPC_INVALID,  /* an argument is out of its range */
    DIPC_NO_MEMORY /* the heap has no more */
};

/* The name of a status as documents write it: "DIPC_OK"; never NULL. */
DIPC_API const char *dipc_status_name(enum dipc_status status);

/*
 * Why something was not done.  Every function takes a pointer to one as its
 * last argument, or NULL where nobody wants to know; it is filled on failure
 * and left alone on success.
 */
struct dipc_error {
    enum dipc_status status;
    bool is_unknown;                /* a write may have been carried out */
    uint64_t version;               /* DIPC_CONFLICT: the mailbox's own */
    char message[DIPC_MESSAGE_MAX]; /* one sentence for a person */
};

/*
 * What the server answered to a read or a write: the mailbox as it was read,
 * or as it is after the write.
 */
struct dipc_answer {
    uint64_t version;
    uint64_t size; /* of the whole content, of which `length` may be a part */
    size_t length; /* read: bytes of data; write: bytes written */
};

struct dipc_connection;

/*
 * Connect over TCP.
 *   host        a name or an address; each of a name's addresses is tried, in
 *               the resolver's order, until one answers
 *   service     a number, or a name as in /etc/services
 *   timeout_ms  0 or more: to connect, and from then on the time that the
 *               server has for each answer; DIPC_FOREVER: no limit.  While
 *               addresses are left, none of them gets all of the time.  A name
 *               is resolved within it as well, in a thread that ends when the
 *               resolver has come back
 * Errors:  DIPC_NOT_FOUND, DIPC_REFUSED, DIPC_UNREACHABLE, DIPC_TIMED_OUT,
 *          DIPC_INVALID, DIPC_NO_MEMORY
 * A server that has no place for one more client says so (DIPC_BUSY) at the
 * first request.
 */
DIPC_API enum dipc_status
dipc_connect(const char *host, const char *service, int timeout_ms,
             struct dipc_connection **connection, struct dipc_error *error);

/*
 * Connect over a Unix socket of this machine (`dipc --unix`).
 *   path  at most 107 bytes
 * Errors:  as above
 */
DIPC_API enum dipc_status dipc_connect_unix(const char *path, int timeout_ms,
                                            struct dipc_connection **connection,
                                            struct dipc_error *error);

/*
 * Connect to what a person names: "host:port", "[::1]:7000", "7000" (of this
 * machine), or a Unix socket's path, which has a slash.
 * Errors:  as above
 */
DIPC_API enum dipc_status
dipc_connect_server(const char *server, int timeout_ms,
                    struct dipc_connection **connection,
                    struct dipc_error *error);

/* From now on; as for dipc_connect. */
DIPC_API void
dipc_set_timeout(struct dipc_connection *connection, int timeout_ms);

/*
 * Is the connection of further use, as far as is known?  One that the server
 * has closed meanwhile is found out by the next call.
 */
DIPC_API bool dipc_is_connected(const struct dipc_connection *connection);

/*
 * Its socket: for poll(2), getpeername(2) and the like.  What anybody else
 * receives from it or sends to it, the connection does not survive.
 */
DIPC_API int dipc_descriptor(const struct dipc_connection *connection);

/* End the connection and free it.  NULL is allowed. */
DIPC_API void dipc_close(struct dipc_connection *connection);

/*
 * All of these:
 *   mailbox  0 to one less than the server has
 *   answer   filled on success; NULL where nobody wants to know
 * Errors:  DIPC_NO_SUCH_MAILBOX, DIPC_BUSY, DIPC_SHUTTING_DOWN, DIPC_INTERNAL,
 *          DIPC_OTHER_ERROR; DIPC_TIMED_OUT, DIPC_BROKEN, DIPC_PROTOCOL;
 *          DIPC_INVALID; and those that are named
 */

/*
 * Read a mailbox's content from its beginning: at most `capacity` bytes, and at
 * most one packet of the server's.  answer->size tells whether that is all.
 */
DIPC_API enum dipc_status
dipc_read(struct dipc_connection *connection, uint32_t mailbox, void *data,
          size_t capacity, struct dipc_answer *answer,
          struct dipc_error *error);

/*
 * Read from an offset; at or past the end there are no bytes, and that is no
 * error.  With a version other than DIPC_ANY_VERSION: only of that one, so that
 * several reads are never of two versions.
 * Errors:  DIPC_CONFLICT  the mailbox is at another version
 */
DIPC_API enum dipc_status
dipc_read_at(struct dipc_connection *connection, uint32_t mailbox,
             uint64_t offset, uint64_t version, void *data, size_t capacity,
             struct dipc_answer *answer, struct dipc_error *error);

/*
 * Read the whole content, all of one version, in as many packets as it takes.
 * When somebody writes meanwhile it begins anew, for as long as the timeout
 * allows.
 *   data  the content, to be given to free(3); with one more byte, a zero
 * Errors:  DIPC_CONFLICT   it was written again and again
 *          DIPC_NO_MEMORY  it does not fit the heap; the connection goes on
 */
DIPC_API enum dipc_status
dipc_read_whole(struct dipc_connection *connection, uint32_t mailbox,
                void **data, struct dipc_answer *answer,
                struct dipc_error *error);

/*
 * Wait until the version is greater than `version`, and read as dipc_read does.
 * Nobody else is held up.  Of several writes in quick succession the last one
 * is seen.
 *   wait_ms  0 or more, or DIPC_FOREVER; the timeout is added to it for the
 *            answer's way.  The server's own limit (--max-wait) does not show;
 *            and the server gives a sign of life every half minute, without
 *            which the wait ends as DIPC_TIMED_OUT
 * Errors:  DIPC_NOTHING_NEWER
 */
DIPC_API enum dipc_status
dipc_wait(struct dipc_connection *connection, uint32_t mailbox,
          uint64_t version, int wait_ms, void *data, size_t capacity,
          struct dipc_answer *answer, struct dipc_error *error);

/*
 * Replace the whole content.  All or nothing: readers see all of it or none.
 * Errors:  DIPC_TOO_LARGE  more than a packet, or than the mailbox holds
 */
DIPC_API enum dipc_status
dipc_write(struct dipc_connection *connection, uint32_t mailbox,
           const void *data, size_t length, struct dipc_answer *answer,
           struct dipc_error *error);

/*
 * Write at a place, and only to a version.
 *   place    an offset: what is there is overwritten, what is not is kept, and
 *            a gap behind the old end reads as zero bytes; DIPC_REPLACE;
 *            DIPC_END
 *   version  the one that the mailbox must be at, or DIPC_ANY_VERSION
 * Errors:  DIPC_CONFLICT, DIPC_TOO_LARGE
 */
DIPC_API enum dipc_status
dipc_write_at(struct dipc_connection *connection, uint32_t mailbox,
              uint64_t place, uint64_t version, const void *data, size_t length,
              struct dipc_answer *answer, struct dipc_error *error);

/* Add to the end of the content: dipc_write_at with DIPC_END. */
DIPC_API enum dipc_status
dipc_append(struct dipc_connection *connection, uint32_t mailbox,
            const void *data, size_t length, struct dipc_answer *answer,
            struct dipc_error *error);

/*
 * Replace the content if it is still at `version`.
 * Errors:  DIPC_CONFLICT  it is not; error->version tells which it is at
 *          DIPC_TOO_LARGE
 */
DIPC_API enum dipc_status
dipc_compare_and_swap(struct dipc_connection *connection, uint32_t mailbox,
                      uint64_t version, const void *data, size_t length,
                      struct dipc_answer *answer, struct dipc_error *error);

/*
 * Write more than a packet, piece by piece: dipc_write_at with data of any
 * length.  Not atomic: readers may see the first pieces without the rest, and
 * when a piece fails those before it stay.  The pieces are chained by their
 * versions, so another's write in between is noticed.
 *   answer  filled on failure too: `length` bytes are written, and `version` is
 *           that of the last piece (0 and 0: none was)
 * Errors:  DIPC_CONFLICT  `version` is another, or somebody has written
 *                         between two pieces
 *          DIPC_TOO_LARGE  than the mailbox holds
 */
DIPC_API enum dipc_status
dipc_write_pieces(struct dipc_connection *connection, uint32_t mailbox,
                  uint64_t place, uint64_t version, const void *data,
                  size_t length, struct dipc_answer *answer,
                  struct dipc_error *error);

/* Ask the server for a sign of life; no mailbox is touched. */
DIPC_API enum dipc_status
dipc_ping(struct dipc_connection *connection, struct dipc_error *error);

struct dipc_statistics;

/*
 * Ask for the statistics of a mailbox, or of the server (DIPC_SERVER): a list
 * of names and values, which docs/protocol.md explains and which may grow.
 *   statistics  to be given to dipc_statistics_free
 * Errors:  DIPC_NO_SUCH_MAILBOX and the others; DIPC_NO_MEMORY
 */
DIPC_API enum dipc_status
dipc_stat(struct dipc_connection *connection, uint32_t mailbox,
          struct dipc_statistics **statistics, struct dipc_error *error);

/* How many there are. */
DIPC_API size_t dipc_statistics_count(const struct dipc_statistics *statistics);

/* Name and value number `index`, 0 to count-1; NULL beyond. */
DIPC_API const char *
dipc_statistics_name(const struct dipc_statistics *statistics, size_t index);
DIPC_API const char *
dipc_statistics_value(const struct dipc_statistics *statistics, size_t index);

/* The number of this name; false: there is none, or it is no number. */
DIPC_API bool dipc_statistics_number(const struct dipc_statistics *statistics,
                                     const char *name, uint64_t *number);

/* NULL is allowed. */
DIPC_API void dipc_statistics_free(struct dipc_statistics *statistics);

/*
 * A batch: requests that travel together and are answered in their order.  It
 * saves the way to and fro between them; they are not one operation, others'
 * requests come in between, and one that is refused does not stop those behind
 * it.  Queue requests, flush, look at the results; clear it and begin anew.
 */
struct dipc_batch;

/* NULL: the heap has no more. */
DIPC_API struct dipc_batch *dipc_batch_create(void);

/* NULL is allowed. */
DIPC_API void dipc_batch_free(struct dipc_batch *batch);

/*
 * Queue a read, as dipc_read_at.
 *   data  where the flush puts it; the caller's, until the results are read
 * Errors:  DIPC_INVALID, DIPC_NO_MEMORY; the batch is as it was
 */
DIPC_API enum dipc_status
dipc_batch_read(struct dipc_batch *batch, uint32_t mailbox, uint64_t offset,
                uint64_t version, void *data, size_t capacity);

/*
 * Queue a write, as dipc_write_at.  The data is copied.
 * Errors:  DIPC_INVALID, DIPC_NO_MEMORY; the batch is as it was
 */
DIPC_API enum dipc_status
dipc_batch_write(struct dipc_batch *batch, uint32_t mailbox, uint64_t place,
                 uint64_t version, const void *data, size_t length);

/*
 * Queue a read that waits for a version greater than `version`, as dipc_wait;
 * what is queued behind it is answered after it.
 *   wait_ms  0 or more; the server's own limit (--max-wait) holds, so that
 *            DIPC_NOTHING_NEWER may be said sooner
 * Errors:  DIPC_INVALID, DIPC_NO_MEMORY; the batch is as it was
 */
DIPC_API enum dipc_status
dipc_batch_wait(struct dipc_batch *batch, uint32_t mailbox, uint64_t version,
                int wait_ms, void *data, size_t capacity);

/*
 * Queue a question for statistics, as dipc_stat.
 *   statistics  empty until the flush, which fills it if the result is DIPC_OK;
 *               to be given to dipc_statistics_free when the batch was flushed,
 *               cleared or freed
 * Errors:  DIPC_NO_MEMORY; the batch is as it was, and *statistics NULL
 *          DIPC_INVALID    it was flushed already
 */
DIPC_API enum dipc_status
dipc_batch_stat(struct dipc_batch *batch, uint32_t mailbox,
                struct dipc_statistics **statistics);

/*
 * Send what is queued and receive all the answers.  The timeout holds for each
 * answer, beyond what it was asked to wait.  DIPC_OK says that all were
 * answered, not that all were yes.
 * Errors:  DIPC_TIMED_OUT, DIPC_BROKEN, DIPC_PROTOCOL, DIPC_BUSY (no place):
 *          the results that came are there; the others fail with the same
 *          status, and is_unknown tells which of them may have been carried out
 *          DIPC_INVALID  it was flushed already
 */
DIPC_API enum dipc_status
dipc_batch_flush(struct dipc_batch *batch, struct dipc_connection *connection,
                 struct dipc_error *error);

/* How many are queued, or were flushed. */
DIPC_API size_t dipc_batch_count(const struct dipc_batch *batch);

/*
 * The result of request number `index`, 0 to count-1, after a flush: DIPC_OK
 * and the answer, or the error.
 * Errors:  those of the request; DIPC_INVALID  no such request, or not flushed
 */
DIPC_API enum dipc_status
dipc_batch_result(const struct dipc_batch *batch, size_t index,
                  struct dipc_answer *answer, struct dipc_error *error);

/* Forget all requests and results; the batch can be filled again. */
DIPC_API void dipc_batch_clear(struct dipc_batch *batch);

/* The version of the library that is loaded. */
DIPC_API const char *dipc_library_version(void);

#ifdef __cplusplus
}
#endif

#endif
