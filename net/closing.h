#ifndef DIPC_CLOSING_H
#define DIPC_CLOSING_H

/*
 * Closing: how a connection ends without losing the last answer.
 *
 * Idea.  A socket that is closed while bytes from the peer are unread, or
 * still come, answers with a reset, and a reset destroys what the peer has not
 * read yet.  So whoever closes sends the answer, shuts its own side down, and
 * reads and drops what comes until the peer ends, or until a bound of time or
 * amount is passed.  All of that is done here, without ever blocking, for
 * many connections at once: those that are refused (which get one answer and
 * no thread) and those whose thread is done with them.
 *
 * Whoever is refused is told in the protocol that it speaks: its first bytes
 * are awaited for a while, and nobody who says nothing is told less.
 *
 * Invariants.
 *   C1  a connection is here for at most CLOSING_TIME_NS, once it is told
 *       what it is to be told, which takes at most CLOSING_TIME_NS too
 *   C2  at most CLOSING_BYTES_MAX are dropped for one connection
 *   C3  no more than CLOSINGS_MAX are here: one more, and the oldest is closed
 *
 * Who may call.  The server's main thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

#define CLOSINGS_MAX 1024
#define CLOSINGS_NONE UINT32_MAX
#define CLOSING_TIME_NS CLOCK_NS_PER_S
#define CLOSING_BYTES_MAX ((size_t)32 << 20)

struct closing {
    int fd;
    uint32_t next; /* in the list of its state: open or free */
    uint32_t prev; /* in the list of the open */
    bool is_asked; /* its first bytes shall tell how to refuse it */
    const char *unsent;
    size_t unsent_bytes;
    size_t dropped_bytes;
    uint64_t deadline_ns;
};

/* All have the same time, so the list of the open is in order of deadlines. */
struct closings {
    int epoll; /* readable when closings_dispatch has something to do */
    uint32_t count;
    uint32_t oldest;
    uint32_t newest;
    uint32_t free;
    struct closing entries[CLOSINGS_MAX];
};

/* Errors: what epoll_create1 gives. */
int
closings_init(struct closings *closings) __attribute__((warn_unused_result));

/* Close all that are left, at once. */
void closings_fini(struct closings *closings);

/*
 * Take over a connection: send the text, if any, then end it as above.
 *   text  a whole answer, which stays in memory; NULL: all is sent
 */
void closings_add(struct closings *closings, int fd, const char *text,
                  uint64_t now_ns);

/*
 * Take over a connection that is refused, of which nothing has been read:
 * tell it so in its own protocol, once its first bytes have come, then end it.
 */
void closings_refuse(struct closings *closings, int fd, uint64_t now_ns);

/* Do all that can be done now. */
void closings_dispatch(struct closings *closings, uint64_t now_ns);

/* Close those whose time is over; tells by when to call again. */
uint64_t closings_expire(struct closings *closings, uint64_t now_ns);

#endif
