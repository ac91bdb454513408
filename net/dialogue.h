#ifndef DIPC_DIALOGUE_H
#define DIPC_DIALOGUE_H

/*
 * A dialogue in DIPC's own protocol: from the bytes that arrived, through the
 * store, to answers.
 *
 * Idea.  A state machine that takes one step at a time: at most one request,
 * or one part of it.  It knows what the bytes at the head of the input are,
 * and nothing of sockets, time-outs or the end of the server: those are the
 * session's, which owns the input and would drive a dialogue in another
 * protocol by the same few functions (net/conversation.h).
 *
 *     HEADER --> READING ----------------------------> HEADER
 *            --> DATA --------------> (the write) ---> HEADER
 *            --> UNFRAMED ----------> (the write) ---> HEADER
 *            --> DROPPING (a refused write's data) --> HEADER
 *     any    --> CLOSING
 *
 * Invariants.
 *   V1 to V3 of net/conversation.h
 *   D1  while it is closing the input is empty
 *
 * Who may call.  The session that owns it.
 *
 * Source.  docs/protocol.md
 */

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "codec.h"
#include "conversation.h"
#include "reply.h"
#include "session.h"

/* What the bytes at the head of the input are. */
enum dialogue_state {
    DIALOGUE_HEADER,   /* a header line */
    DIALOGUE_READING,  /* the next requests; a read is under way */
    DIALOGUE_DATA,     /* the data of a framed write */
    DIALOGUE_UNFRAMED, /* the data of an unframed write */
    DIALOGUE_DROPPING, /* announced bytes of a write that was refused */
    DIALOGUE_CLOSING   /* nothing more */
};

struct dialogue {
    struct conversation conversation;    /* first: it is this */
    const struct session_config *config; /* const after init */
    struct store *store;                 /* const after init */
    struct buffer *input;                /* const after init */
    struct reply *reply;                 /* const after init */
    enum dialogue_state state;
    struct codec_request request; /* the one under way */
    uint64_t dropped_bytes;       /* DROPPING: still to come */
    uint64_t discarded_bytes;     /* UNFRAMED: received and thrown away */
    int refusal;                  /* UNFRAMED: why the write will fail */
    uint64_t wait_ns;             /* READING: after capping */
    int wait_error;               /* READING: how the last wait ended */
    bool has_begun;               /* on a collector: `g` was accepted */
};

void
dialogue_init(struct dialogue *dialogue, const struct session_config *config,
              struct store *store, struct buffer *input, struct reply *reply);

/* Take one step, knowing what comes after the input. */
enum conversation_next
dialogue_step(struct dialogue *dialogue, enum conversation_rest rest)
    __attribute__((warn_unused_result));

/* A CONVERSATION_WAIT has ended so: 0, ETIMEDOUT, ECANCELED or a fault. */
void dialogue_woken(struct dialogue *dialogue, int error);

/*
 * Make room for one answer, as reply_make_room does; CONVERSATION_ON when there
 * is.  Without memory the dialogue says so with its last words, and closes.
 */
enum conversation_next
dialogue_make_room(struct dialogue *dialogue, size_t data_bytes)
    __attribute__((warn_unused_result));

/* Nothing more is understood or answered. */
void dialogue_close(struct dialogue *dialogue);

/* True when a request has begun and its answer is still owed. */
bool dialogue_owes_an_answer(const struct dialogue *dialogue);

/*
 * True when nothing of a request has arrived.  A collector's connection that
 * has not said whose it is owes that, and is not idle.
 */
bool dialogue_is_idle(const struct dialogue *dialogue);

/* True when a silence would end what has arrived. */
bool dialogue_is_ended_by_silence(const struct dialogue *dialogue);

/* Assert D1 and what the states promise. */
void dialogue_check(const struct dialogue *dialogue);

#endif
