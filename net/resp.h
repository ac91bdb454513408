#ifndef DIPC_RESP_H
#define DIPC_RESP_H

/*
 * A conversation in Redis's protocol: any client library of Redis's works with
 * mailboxes.
 *
 * Idea.  The second implementation of net/conversation.h.  The parser
 * (net/resp_codec.h) finds a command at the head of the input; the table
 * (net/resp_table.h) knows what it is called, how many arguments and which
 * keys it has; its function answers through net/resp_reply.h.  A command on a
 * mailbox sees the content under the mailbox's lock (net/resp_box.h), and what
 * it writes is written before the lock is let go: one command, or one EXEC, is
 * one operation.
 *
 *     COMMAND --> RUNNING (its answer leaves in pieces) --> COMMAND
 *             --> WAITING (for a version) ----------------> COMMAND
 *             --> SKIPPING (too long, refused) -----------> COMMAND
 *     any     --> CLOSING
 *
 * Invariants.
 *   V1 to V3 of net/conversation.h
 *   X1  no more than RESP_INPUT_EXTRA + RESP_LINE_MAX + a mailbox of input, and
 *       SESSION_OUTPUT_MIN + RESP_OUTPUT_EXTRA + a mailbox of output, are ever
 *       held (N2); a transaction holds a mailbox and RESP_INPUT_EXTRA more, and
 *       one content while it is executed
 *   X2  while it is closing the input is empty
 *   X3  a command that fails has changed nothing (N4)
 *
 * Who may call.  The session that owns it; the functions of commands, in the
 * other files of this protocol.
 *
 * Source.  docs/resp.md; the answers and the words of errors are Redis 7.0's.
 */

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "census.h"
#include "conversation.h"
#include "reply.h"
#include "resp_codec.h"
#include "resp_pattern.h"
#include "resp_reply.h"
#include "session.h"

/* The version of Redis whose answers are given. */
#define RESP_REDIS_VERSION "7.0.15"

/* What a command may be longer than one value of a mailbox's size. */
#define RESP_INPUT_EXTRA 131072

/* What answers may be longer than one value, beside what gathers anyway. */
#define RESP_OUTPUT_EXTRA 262144

#define RESP_OUT_OF_MEMORY "-ERR the server is out of memory\r\n"

enum resp_state {
    RESP_COMMAND,  /* the beginning of a command */
    RESP_RUNNING,  /* a command; its answer is unfinished */
    RESP_WAITING,  /* a command; it waits for a version */
    RESP_SKIPPING, /* the rest of a command that was refused */
    RESP_CLOSING   /* nothing more */
};

/* How one call of a command's function ended. */
enum resp_next {
    RESP_DONE,
    RESP_AGAIN, /* call it again: there is more to answer */
    RESP_WAIT,  /* call it again when conversation.wanted has come */
    RESP_CLOSE  /* done, and the connection too */
};

/* A command's words: its name is the first. */
struct resp_arguments {
    const char *bytes; /* in which the places are */
    const struct resp_argument *places;
    size_t count;
};

/* One of them. */
struct resp_word {
    const char *bytes;
    size_t length;
};

struct resp_command;

/* MULTI to EXEC; and WATCH. */
struct resp_transaction {
    bool is_open;      /* since MULTI */
    bool is_spoilt;    /* a command was refused: EXEC will be */
    bool is_executing; /* a mailbox's lock is held, or no mailbox is meant */
    bool writes;       /* a command in the queue may write */
    bool has_mailbox;  /* a command in the queue has a key */
    uint64_t mailbox;
    bool is_watching;
    uint64_t watched_mailbox;
    uint64_t watched_version;
    size_t count;        /* commands in the queue */
    struct buffer queue; /* see resp_transaction.c */
    struct buffer work;  /* the content that EXEC changes */
};

struct resp {
    struct conversation conversation;    /* first: it is this */
    const struct session_config *config; /* const after init */
    struct store *store;                 /* const after init */
    struct buffer *input;                /* const after init */
    struct reply *said;                  /* const after init */
    struct census_entry *entry;          /* of the session; const after init */
    enum resp_state state;
    struct resp_parser parser;
    struct resp_reply reply;
    struct resp_arguments arguments;    /* of the command under way */
    const struct resp_command *command; /* the one under way */
    size_t progress;                    /* its own; 0 when it begins */
    unsigned char *marked;              /* KEYS: a bit for each mailbox */
    int wait_error;                     /* how its wait ended */
    bool is_refused;                    /* the client was to blame */
    bool is_conflict;                   /* it met another version */
    struct resp_transaction transaction;
};

/*
 * A new conversation; what it is given outlives it.
 * Errors: ENOMEM
 */
int resp_create(const struct session_config *config, struct store *store,
                struct buffer *input, struct reply *reply,
                struct census_entry *entry, struct conversation **conversation)
    __attribute__((warn_unused_result));

/* ---- For the functions of commands. ---- */

struct resp_word resp_word(const struct resp *resp, size_t index);

/* Is this argument that word (in lower case)? */
bool resp_word_is(const struct resp *resp, size_t index, const char *word);

/* Errors: EINVAL  no number of Redis's kind */
int resp_word_integer(const struct resp *resp, size_t index, int64_t *number)
    __attribute__((warn_unused_result));

/* Errors: EINVAL  it is too long for a pattern; refused */
int
resp_word_pattern(struct resp *resp, size_t index, struct resp_pattern *pattern)
    __attribute__((warn_unused_result));

/* An error that the client could have avoided; counted as a bad request. */
void resp_refuse(struct resp *resp, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void resp_refuse_arity(struct resp *resp, const char *name);
void resp_refuse_syntax(struct resp *resp);
void resp_refuse_integer(struct resp *resp);
void resp_refuse_size(struct resp *resp);

/*
 * The mailbox that an argument names; where there is none, it is refused.
 * Errors: ENOENT
 */
int resp_mailbox(struct resp *resp, size_t index, uint64_t *mailbox)
    __attribute__((warn_unused_result));

/*
 * Answer what an operation of the store returned in place of what was
 * answered since the mark: RESP_DONE, or RESP_CLOSE where nothing can follow.
 */
enum resp_next resp_fail(struct resp *resp, int error, uint64_t mailbox);

#endif
