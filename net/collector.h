#ifndef DIPC_COLLECTOR_H
#define DIPC_COLLECTOR_H

/*
 * A collector: what a session finds in place of mailboxes where children send
 * their results to a parent.
 *
 * Idea.  One slot for each child.  A connection is nobody's until it says whose
 * it is and proves it with that child's token; from then on it may append to
 * that child's result and to nothing else, and say that the result is whole.
 * So a result is complete only if the child said so: a connection that is over
 * before is a cut, whatever had arrived.
 *
 * A child begins once.  What a connection appends is copied without the guard,
 * for nobody else looks at it before the slot says that it is complete.
 *
 *     AWAITED --begin--> OPEN --finish--> COMPLETE
 *        |                |---close-----> CUT_OFF
 *        |                |---write: too much, no memory; finish: too little-->
 *        |                |               REFUSED
 *        '---begin with fail--'---------> FAILED
 *     any but COMPLETE and FAILED --collector_forget--> FORGOTTEN
 *
 * Invariants.
 *   K1  a slot leaves AWAITED at most once, by whoever has its token
 *   K2  the data of a slot that is OPEN is touched by its connection's thread
 *       alone; once it is COMPLETE, by nobody but the parent
 *   K3  a COMPLETE result has the announced size, where one was announced
 *   K4  no result is longer than result_bytes_max
 *
 * Who may call.  The parent's thread, and the sessions' threads through the
 * store (net/store_source.h).
 *
 * Lock order.  The guard is the last taken.
 *
 * Source.  docs/protocol.md, "Gathering"
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store_source.h"

#define COLLECTOR_CHILDREN_MAX 65536

/* 128 random bits in hexadecimal, and the end. */
#define COLLECTOR_TOKEN_BYTES 33

enum collector_state {
    COLLECTOR_AWAITED,
    COLLECTOR_OPEN,
    COLLECTOR_COMPLETE,
    COLLECTOR_CUT_OFF,
    COLLECTOR_REFUSED,
    COLLECTOR_FAILED,
    COLLECTOR_FORGOTTEN
};

/* What is known of one child. */
struct collector_report {
    enum collector_state state;
    int error;           /* REFUSED: EFBIG, EMSGSIZE, ENODATA or ENOMEM */
    uint64_t fail;       /* FAILED: the child's own number for it */
    uint64_t type;       /* from OPEN on */
    uint64_t bytes;      /* arrived so far */
    uint64_t changed_ns; /* when it last did anything, CLOCK_MONOTONIC */
};

struct collector_slot {
    char token[COLLECTOR_TOKEN_BYTES]; /* const after init */
    struct collector_report report;    /* under guard */
    uint64_t announced_bytes;          /* STORE_ANY_SIZE: not; under guard */
    char *data;                        /* K2 */
    size_t capacity_bytes;             /* K2 */
};

struct collector {
    struct store_source source; /* first: the source is this */
    pthread_mutex_t guard;
    struct collector_slot *slots; /* children of them */
    uint32_t children;            /* const after init */
    uint64_t result_bytes_max;    /* const after init */
    int changed_fd;               /* an eventfd, raised with every new state */
};

/*
 * Make a collector in the caller's memory, and draw the tokens.
 *   children    1 .. COLLECTOR_CHILDREN_MAX
 *   changed_fd  the caller's, who closes it; -1: none
 * Errors: ENOMEM; EIO  the system gives no random bytes
 */
int collector_init(struct collector *collector, uint32_t children,
                   uint64_t result_bytes_max, int changed_fd)
    __attribute__((warn_unused_result));

/* Context: no store is open. */
void collector_fini(struct collector *collector);

const char *collector_token(const struct collector *collector, uint32_t child);

struct collector_report
collector_look(struct collector *collector, uint32_t child);

/*
 * Believe nothing more of a child.  One that has completed or failed keeps
 * its state; the state that counts is the one that is returned.
 */
struct collector_report
collector_forget(struct collector *collector, uint32_t child);

/*
 * The result, which is the caller's from now on, to free; NULL when it is
 * empty.  Context: the child is COMPLETE.
 */
void *collector_take(struct collector *collector, uint32_t child);

/* Assert K3, K4 and what the states promise.  Context: no store is open. */
void collector_check(struct collector *collector);

#endif
