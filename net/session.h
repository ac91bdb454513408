#ifndef DIPC_SESSION_H
#define DIPC_SESSION_H

/*
 * A session: one client's conversation, as a state machine over bytes.
 *
 * Idea.  A session owns no descriptor, no thread and no clock.  An engine
 * feeds it what arrived and takes from it what to send; session_advance does
 * all that can be done now and says what must happen next.  So the same
 * session runs under a thread per client, an event loop, a fuzzer or a test.
 *
 *     for (;;) {
 *         switch (session_advance(s)) {
 *         case SESSION_RECEIVE:  receive into session_room by the time
 *                                session_deadline_ns says, then call
 *                                session_received, session_ended (the peer
 *                                sent its last byte) or session_expired
 *         case SESSION_SEND:     send session_output, call session_sent
 *         case SESSION_WAIT:     wait as session_wanted says, outside any
 *                                lock, then call session_woken
 *         case SESSION_CLOSE:    all is sent: close as the protocol says
 *         }
 *     }
 *
 * Which protocol it is (net/protocol.h) the first bytes tell; the conversation
 * in it (net/conversation.h) is driven alike.
 *
 * Answers gather while complete requests are at hand: one batch received
 * together is answered in one piece, unless it outgrows the output bound.
 *
 * Invariants.
 *   N1  answers leave in the order of their requests, one each
 *   N2  no more than CODEC_HEADER_MAX + packet bytes of input and
 *       SESSION_OUTPUT_MIN + packet bytes of output are ever held, in DIPC's
 *       own protocol; what is held in Redis's, net/resp.h tells
 *   N3  an idle session (nothing received and unanswered, nothing to send)
 *       holds no buffer after session_rest, but for a transaction's queue
 *   N4  a request that fails has changed nothing
 *
 * Who may call.  One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "statistics.h"
#include "store.h"

#define SESSION_FOREVER UINT64_MAX

/* Answers gather up to this, and always one packet more (N2). */
#define SESSION_OUTPUT_MIN 32768

/* A refused write announcing more than this is not waited for: close. */
#define SESSION_DROPPED_MAX ((uint64_t)16 << 20)

struct census;

/* Where a session gets the time: nanoseconds of CLOCK_MONOTONIC. */
struct session_clock {
    uint64_t (*now_ns)(void *context);
    void *context;
};

/* What the server decides for all its sessions.  const after init. */
struct session_config {
    size_t packet_bytes;         /* 1 or more */
    uint64_t gap_ns;             /* silence that ends an unframed request */
    uint64_t request_timeout_ns; /* to finish a request once begun */
    uint64_t idle_timeout_ns;    /* between requests; SESSION_FOREVER: none */
    uint64_t wait_max_ns;        /* the longest wait= that is honoured */
    struct session_clock clock;
    struct statistics *statistics; /* shared by all sessions */
    struct census *census;         /* the same; NULL: no Redis's protocol */
};

enum session_next {
    SESSION_RECEIVE,
    SESSION_SEND,
    SESSION_WAIT,
    SESSION_CLOSE
};

/* Whom a SESSION_WAIT waits for. */
struct session_wanted {
    uint64_t mailbox;
    uint64_t version;     /* wake when the mailbox's is greater */
    uint64_t deadline_ns; /* absolute, of the session's clock */
    bool ends_with_peer;  /* a half-close is a hang-up: nobody waits */
};

struct session; /* fields in session.c's hands; see session_create */

/*
 * A new session over a store.  The store and the config outlive it.
 * Errors: ENOMEM
 */
int
session_create(const struct session_config *config, struct store *store,
               struct session **session) __attribute__((warn_unused_result));
void session_destroy(struct session *session);

/*
 * Tell a new session whose it is, and so list it for those who ask.
 *   peer  its address; outlives the session
 */
void
session_introduce(struct session *session, uint64_t number, const char *peer);

/* Do all that can be done now.  Never blocks, but for a mailbox's lock. */
enum session_next
session_advance(struct session *session) __attribute__((warn_unused_result));

/*
 * Bytes that have come, or the end of a wait, are still to be looked at: the
 * next session_advance may find requests.
 */
bool session_has_news(const struct session *session);

/* How many requests the last session_advance has finished. */
uint64_t session_batch(const struct session *session);

/*
 * SESSION_RECEIVE: where to put what arrives, and how much at most (never 0).
 * Errors: ENOMEM  no buffer could be had; try later or close
 */
int session_room(struct session *session, void **room, size_t *room_bytes)
    __attribute__((warn_unused_result));
void session_received(struct session *session, size_t bytes); /* 1 or more */
void session_ended(struct session *session);

/*
 * SESSION_RECEIVE: by when session_received or session_ended must have been
 * called, else session_expired; SESSION_FOREVER when nothing is due.  The
 * engine looks once more for bytes that have arrived before it calls
 * session_expired; a session_received after it takes it back.
 */
uint64_t session_deadline_ns(const struct session *session);
void session_expired(struct session *session);

/* True when the deadline is a short one (the gap) and worth an exact timer. */
bool session_is_in_gap(const struct session *session);

/* SESSION_SEND: what to send; session_sent tells how much of it went. */
void session_output(const struct session *session, const void **data,
                    size_t *length_bytes);
void session_sent(struct session *session, size_t bytes);

/* SESSION_WAIT: for what; then its outcome: 0, ETIMEDOUT or ECANCELED. */
struct session_wanted session_wanted(const struct session *session);
void session_woken(struct session *session, int error);

/*
 * The server is ending: a request under way is answered `shutting-down`, an
 * idle session just closes.  Output gathered before is still to be sent.
 */
void session_stop(struct session *session);

/* Give the buffers back while nothing is in them (N3). */
void session_rest(struct session *session);

/* Assert N2 and the invariants of what a session is made of. */
void session_check(const struct session *session);

/* How much memory its buffers take now (N2, N3). */
size_t session_held_bytes(const struct session *session);

/*
 * What was behind an answer of `internal`, for the server's log: an errno
 * value (EINPROGRESS: a write whose outcome is unknown), or 0: nothing.
 */
int session_fault(const struct session *session);

/*
 * What the server's log is to be told of this client, a constant text; NULL:
 * nothing.
 */
const char *session_complaint(const struct session *session);

#endif
