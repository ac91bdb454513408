#ifndef DIPC_REFERENCE_H
#define DIPC_REFERENCE_H

/*
 * The reference: docs/protocol.md as a program, as simply as it can be said.
 *
 * Idea.  It shares no line with net/codec, net/dialogue and net/session, and is
 * their opposite in manner: it keeps all that a client ever sent in one array
 * and works on it from the front, with no buffers, no bounds on memory and no
 * states but "where am I".  The fuzzer gives both the same bytes, silences and
 * events, and compares every answer, every deadline and every mailbox.
 *
 * An answer is what a program may rely on: the line up to its text for people,
 * with the data behind it.  What `s` says is "*": lines of any names.
 *
 * Who may call.  One fuzz target.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFERENCE_MAILBOXES 4
#define REFERENCE_MAILBOX_BYTES 300
#define REFERENCE_PACKET_BYTES 200
#define REFERENCE_INPUT_MAX 16384
#define REFERENCE_ANSWERS_MAX (REFERENCE_INPUT_MAX / 2 + 2)

/* Times, all in ms. */
#define REFERENCE_GAP_MS 50
#define REFERENCE_REQUEST_MS 30000
#define REFERENCE_IDLE_MS 90000
#define REFERENCE_WAIT_MAX_MS 60000
#define REFERENCE_NEVER UINT64_MAX

struct reference_mailbox {
    char content[REFERENCE_MAILBOX_BYTES];
    size_t size;
    uint64_t version;
};

struct reference_answer {
    char line[128]; /* "ok 3 version=1 size=3", "err busy", or "*" */
    char data[REFERENCE_PACKET_BYTES];
    size_t length;
};

enum reference_doing {
    REFERENCE_READING, /* of its client, that is */
    REFERENCE_WAITING, /* for a version */
    REFERENCE_CLOSED
};

struct reference {
    struct reference_mailbox mailboxes[REFERENCE_MAILBOXES];
    struct reference_answer answers[REFERENCE_ANSWERS_MAX];
    size_t answers_count;
    char input[REFERENCE_INPUT_MAX];
    size_t begin; /* of what is not dealt with yet */
    size_t end;
    size_t dropping; /* bytes still to come that nobody wants */
    bool ended;      /* the client sends no more */
    enum reference_doing doing;
    bool judged; /* the write under way was found good by its header */
    bool waited; /* the read under way has waited in vain */
    uint64_t awaited_mailbox;
    uint64_t awaited_version;
    uint64_t wait_until_ms; /* 0: the request under way has not waited */
    uint64_t now_ms;
    uint64_t quiet_ms; /* when something last came or went */
    uint64_t begun_ms; /* when the request under way began; NEVER: none has */
};

void reference_init(struct reference *reference, uint64_t now_ms);

/* The client sends this, and perhaps no more. */
void reference_receive(struct reference *reference, const char *bytes,
                       size_t length);
void reference_end(struct reference *reference);

/* Until when nothing may come before that means something. */
uint64_t reference_deadline_ms(const struct reference *reference);

/* It is now, and nothing has come. */
void reference_expire(struct reference *reference);

/* Another client's write. */
void reference_put(struct reference *reference, uint64_t mailbox,
                   const char *bytes, size_t length);

/* The wait is over: by a version, or (in vain) by its deadline. */
void reference_wake(struct reference *reference, bool in_vain);

/* The server ends. */
void reference_stop(struct reference *reference);

#endif
