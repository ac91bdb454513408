#ifndef DIPC_ROSTER_H
#define DIPC_ROSTER_H

/*
 * A roster: the clients that are being served, one thread each.
 *
 * Idea.  The main thread admits a connection and starts its thread; the thread
 * serves it, and marks itself finished when it has nothing more to say; the
 * main thread then joins it and takes the connection over, to close it.  So a
 * connection's descriptor is closed by the main thread alone, a place is free
 * before the client learns that its connection ends, and no thread is left
 * behind.
 *
 * A thread that waits for a version is not receiving, and would not learn that
 * its client is gone.  While it waits, its connection is watched for a hang-up,
 * which cancels the wait.  A half-close is none, unless the conversation says
 * so: a client that has closed its connection looks like one that will still
 * listen.
 *
 * Invariants.
 *   O1  a member that is not free has a descriptor that is open
 *   O2  a store is cancelled only between roster_enter and roster_leave of
 *       its own thread, or at a hang-up of its own connection
 *   O3  a store entered after roster_cancel is cancelled at once
 *
 * Who may call.  The main thread, but for what says "the member's thread".
 *
 * Lock order.  guard first, then whatever cancelling a store takes.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "store_source.h"

#define ROSTER_MEMBERS_MAX 65536
#define ROSTER_NONE UINT32_MAX

enum member_state { MEMBER_FREE, MEMBER_RUNNING, MEMBER_FINISHED };

struct roster;

struct member {
    struct roster *roster;        /* const after admission */
    pthread_t thread;             /* main thread */
    enum member_state state;      /* under guard */
    int fd;                       /* const while not free */
    uint32_t next;                /* free or finished list; under guard */
    uint32_t generation;          /* of its waits; under guard */
    bool waiting;                 /* a hang-up cancels; under guard */
    bool silent;                  /* member's thread, then main */
    struct store *store;          /* NULL before and after; under guard */
    uint64_t number;              /* of the client, for the log; const */
    char peer[ENDPOINT_TEXT_MAX]; /* for the log; const while not free */
};

struct roster {
    pthread_mutex_t guard;
    struct member *members;      /* members_max of them */
    uint32_t members_max;        /* const after init */
    uint32_t never_used;         /* members from here on are untouched; main */
    uint32_t free;               /* list; main thread */
    uint32_t finished;           /* list; under guard */
    uint32_t count;              /* not free; main thread */
    bool cancelled;              /* under guard */
    int finished_fd;             /* an eventfd: somebody has finished */
    int hangups_fd;              /* an epoll: readable at a hang-up */
    struct store_source *source; /* const after init */
    void (*serve)(void *context, struct member *member); /* const */
    void *context;                                       /* const after init */
};

/*
 * Make an empty roster in the caller's memory.
 *   members_max  1 .. ROSTER_MEMBERS_MAX
 *   serve        what a member's thread does
 * Errors: ENOMEM, and those of eventfd and epoll_create1
 */
int roster_init(struct roster *roster, uint32_t members_max,
                struct store_source *source,
                void (*serve)(void *context, struct member *member),
                void *context) __attribute__((warn_unused_result));

/* Context: the roster is empty. */
void roster_fini(struct roster *roster);

/*
 * Start a thread for a connection.  On success the roster has the descriptor.
 *   number, peer  for the log
 * Errors: EAGAIN  every place is taken, or no thread is to be had
 */
int
roster_admit(struct roster *roster, int fd, uint64_t number,
             const struct sockaddr *peer) __attribute__((warn_unused_result));

/*
 * Join one thread that has finished, and give its connection away.
 *   silent  the client is owed nothing: see roster_end_silently
 * Errors: ENOENT  none has
 */
int roster_reap(struct roster *roster, int *fd, bool *silent)
    __attribute__((warn_unused_result));

/* Cancel the waits of those whose connection has gone. */
void roster_dispatch_hangups(struct roster *roster);

/*
 * One such event.  The token names a wait: one that is over, or another
 * client's, is left alone, for an event can be seen late.
 */
void roster_hang_up(struct roster *roster, uint64_t token);

/* Cancel every wait, now and from now on. */
void roster_cancel(struct roster *roster);

/* Shut every connection down, both ways: no call on one blocks any more. */
void roster_shut(struct roster *roster);

/*
 * From here on the store may be cancelled, until roster_leave.
 * Context: the member's thread; the store is open.
 */
void roster_enter(struct member *member, struct store *store);
void roster_leave(struct member *member);

/*
 * The connection ends without a last answer, and was idle before: no answer is
 * on its way that a reset could destroy.  Context: the member's thread.
 */
void roster_end_silently(struct member *member);

/*
 * Watch the connection for a hang-up while the store waits.
 *   or_half_close  that is one too
 * Context: the member's thread, between roster_enter and roster_leave.
 */
void roster_begin_wait(struct member *member, bool or_half_close);
void roster_end_wait(struct member *member);

#endif
