#ifndef DIPC_REMOVAL_H
#define DIPC_REMOVAL_H

/*
 * A removal: ending the server of a user and port, and clearing what is left.
 *
 * Idea.  The segment's owner lock says whether the server lives and which
 * process it is; where the segment's name was removed under a living server,
 * the control channel says it.  A living one is asked over its control channel
 * (or, where that cannot be reached, by SIGTERM) and then awaited by a
 * descriptor of the process, which can be mistaken for no other.  A dead one's
 * segment and socket are removed under locks that a starting server respects:
 * never those of a live one.
 *
 * Who may call.  Any process but the server itself.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "complaint.h"

#define REMOVAL_NO_USER ((uid_t)-1)

struct removal_request {
    uid_t user;
    uint16_t port;
    bool force;       /* kill it when it does not end when asked */
    uint64_t time_ns; /* for all of it */
};

enum removal_outcome {
    REMOVAL_ENDED,  /* a living server has ended */
    REMOVAL_KILLED, /* it was killed */
    REMOVAL_CLEARED /* only what a killed one left was there */
};

/*
 * End a server.  On success nothing of it is left.
 * Errors:  ENOENT     there is nothing of this user on this port
 *          ETIMEDOUT  it does not end; nothing was removed
 *          any other  it may not be ended, or not be removed
 * The complaint says it in words.
 */
int removal_run(const struct removal_request *request,
                enum removal_outcome *outcome, struct complaint *complaint)
    __attribute__((warn_unused_result));

/*
 * Whose server is on this port?  `preferred` if it has one, else the only
 * other user that has.
 *   user  REMOVAL_NO_USER: nobody's
 * Errors:  ENOTUNIQ  several others have one; the complaint names them
 */
int removal_find_user(uint16_t port, uid_t preferred, uid_t *user,
                      struct complaint *complaint)
    __attribute__((warn_unused_result));

#define REMOVAL_USER_MAX 64

/* The user's name, or its number where it has none. */
void removal_describe_user(uid_t user, char text[static REMOVAL_USER_MAX]);

#endif
