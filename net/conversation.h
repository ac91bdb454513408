#ifndef DIPC_CONVERSATION_H
#define DIPC_CONVERSATION_H

/*
 * A conversation: what a session drives, in one protocol or another.
 *
 * Idea.  A session owns the bytes that come and go, the clock and the reasons
 * to end; a conversation knows what the bytes at the head of the input are.
 * It takes one step at a time, at most one request or one part of it, and
 * tells how the step ended.  DIPC's own protocol (net/dialogue.h) and Redis's
 * (net/resp.h) are two implementations.
 *
 * Invariants, of each implementation.
 *   V1  a step that returns CONVERSATION_ON has consumed input or changed the
 *       state, so that finitely many steps use up any input
 *   V2  answers are given in the order of the requests, one each
 *   V3  once it is over, nothing more is understood or answered
 *
 * Who may call.  The session that owns it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session.h"

/* What comes after the bytes that are in the input. */
enum conversation_rest {
    CONVERSATION_UNKNOWN, /* more may come any time */
    CONVERSATION_SILENCE, /* nothing came for the gap */
    CONVERSATION_END      /* nothing: the peer has half-closed */
};

/* How one step ended. */
enum conversation_next {
    CONVERSATION_ON,      /* there may be more to do */
    CONVERSATION_STARVED, /* more bytes must arrive first */
    CONVERSATION_FULL,    /* the answers must be sent first */
    CONVERSATION_WAIT,    /* a newer version must come first: `wanted` */
    CONVERSATION_OVER     /* send the answers and close */
};

/* Why a session ends it. */
enum conversation_end {
    CONVERSATION_STOPPED,   /* the server is ending */
    CONVERSATION_IDLE,      /* no request came for too long */
    CONVERSATION_UNFINISHED /* a request was not finished in time */
};

struct conversation;

struct conversation_ops {
    /* Take one step, knowing what comes after the input. */
    enum conversation_next (*step)(struct conversation *conversation,
                                   enum conversation_rest rest);

    /* A CONVERSATION_WAIT has ended so: 0, ETIMEDOUT, ECANCELED or a fault. */
    void (*woken)(struct conversation *conversation, int error);

    /*
     * Say what is to be said at such an end, and be over.  CONVERSATION_ON
     * when that is done.
     */
    enum conversation_next (*end)(struct conversation *conversation,
                                  enum conversation_end why);

    /* True when it is over. */
    bool (*is_over)(const struct conversation *conversation);

    /* True when nothing of a request has arrived. */
    bool (*is_idle)(const struct conversation *conversation);

    /* True when a silence would end what has arrived. */
    bool (*is_ended_by_silence)(const struct conversation *conversation);

    /* Give back what memory can be done without while nothing arrives. */
    void (*rest)(struct conversation *conversation);

    /* The memory it holds beside the session's buffers. */
    size_t (*held_bytes)(const struct conversation *conversation);

    /* Assert V3 and what its states promise. */
    void (*check)(const struct conversation *conversation);

    void (*destroy)(struct conversation *conversation);
};

struct conversation {
    const struct conversation_ops *ops; /* const after init */
    struct session_wanted wanted;       /* CONVERSATION_WAIT: for what */
    uint64_t finished_count;            /* requests that are behind */
    int fault;             /* behind the last answer of a fault; 0: none */
    const char *complaint; /* what the log is to be told, or NULL */
};

#endif
