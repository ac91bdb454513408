#ifndef DIPC_LIBDIPC_EXCHANGE_H
#define DIPC_LIBDIPC_EXCHANGE_H

/*
 * An exchange: requests sent, and as many answers received.
 *
 * Idea.  Sending and receiving go on together, for a server that has answers
 * waiting reads no more requests.  Each request says up to which byte of all
 * that is sent it reaches.  A request of which the system has not taken every
 * byte was cut short, and the server carries nothing out that was cut short;
 * so only a write that was taken whole, and not answered, is unknown.
 *
 * A connection that fails is lost: which answer belongs to which request can
 * no longer be told, so it is closed to all further requests.
 *
 * Invariants.
 *   X1  outside of an exchange nothing is to be received: what comes all the
 *       same was not asked for, and the connection is lost
 *   X2  a lost connection sends nothing
 *
 * Who may call.  One thread at a time for each connection.
 */

#include <sys/uio.h>

#include "dipc.h"

#define LIBDIPC_INPUT_BYTES 16384

struct dipc_connection {
    int fd;
    int timeout_ms;
    bool is_lost;
    char why[DIPC_MESSAGE_MAX]; /* it was lost */
    uint64_t packet_bytes;      /* the server's; 0: not asked yet */
    size_t used;                /* of the input: received so far */
    size_t taken;               /* of that: done with */
    char input[LIBDIPC_INPUT_BYTES];
};

enum libdipc_kind { LIBDIPC_READ, LIBDIPC_WRITE, LIBDIPC_STAT };

struct libdipc_request {
    enum libdipc_kind kind;
    uint64_t end;      /* it reaches up to this byte of all that is sent */
    uint64_t wait_ns;  /* what the server is asked to wait */
    bool may_time_out; /* `err timeout` is an answer to it */
    void *data;        /* of the answer; the caller's */
    struct dipc_statistics *statistics; /* data is in there; NULL: is not */
    size_t capacity;                    /* of that */
    size_t data_bytes;                  /* of a write */
    bool is_answered;
    enum dipc_status status; /* as long as there is no answer: why */
    bool is_unknown;
    struct dipc_answer answer;
    uint64_t version; /* DIPC_CONFLICT */
    char *text;       /* the server's, from the heap; NULL: none */
};

/* When the next answer must have come: the timeout, beyond a wait. */
uint64_t libdipc_exchange_deadline_ns(const struct dipc_connection *connection,
                                      uint64_t wait_ns);

/*
 * Send, and receive an answer for each of the requests.
 *   out  changed
 * Errors:  DIPC_TIMED_OUT, DIPC_BROKEN, DIPC_PROTOCOL, DIPC_BUSY and
 *          DIPC_SHUTTING_DOWN (said before anything was asked): the connection
 *          is lost, and the requests without an answer have this status
 * DIPC_OK: all are answered, one way or the other.
 */
enum dipc_status
libdipc_exchange(struct dipc_connection *connection, struct iovec *out,
                 size_t out_count, struct libdipc_request *requests,
                 size_t requests_count, struct dipc_error *error)
    __attribute__((warn_unused_result));

/* Give up a connection; the first reason stays. */
enum dipc_status
libdipc_exchange_lose(struct dipc_connection *connection,
                      enum dipc_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What became of a request: its status, and the rest in an error or an answer.
 * Either may be NULL.
 *   why  there is no answer
 */
enum dipc_status
libdipc_exchange_result(const struct libdipc_request *request, const char *why,
                        struct dipc_answer *answer, struct dipc_error *error);

#endif
