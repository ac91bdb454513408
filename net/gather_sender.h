#ifndef DIPC_GATHER_SENDER_H
#define DIPC_GATHER_SENDER_H

/*
 * A sender: how a child hands its result to the parent that gathers.
 *
 * Idea.  A connection that is made when first needed, says whose result
 * follows, and sends it in pieces while the answers to earlier pieces are
 * still on their way.  The result counts only once gather_sender_finish has
 * returned 0: then the parent has all of it.  A child that ends before has
 * sent nothing that anybody will take for a result.
 *
 * A parent that is not serving yet holds its children up in these calls and
 * makes none fail; one that is gone makes them fail at once.  A parent that
 * has no descriptor for one more child is tried again for a minute.
 *
 * Errors, of every function that returns int: an errno value, of which
 *   EACCES        the parent does not believe this child: a wrong token, or
 *                 it has begun before
 *   ENOENT        the parent awaits no child with this number
 *   EFBIG         more than was announced, or than the parent takes
 *   ENODATA       less than was announced
 *   ECANCELED     the parent awaits this result no more
 *   EBUSY         the parent has no room for this child
 *   ECONNREFUSED  nobody serves there
 *   ECONNRESET    the connection broke: the parent is gone
 *   EPROTO        what answers there is no parent that gathers
 * After an error a sender can only be closed; gather_sender_error says in
 * words what happened.
 *
 * Who may call.  One thread for each sender.  No signal is raised or handled.
 *
 * Source.  docs/protocol.md, "Gathering"
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gather_sender;

/* What an unannounced size is. */
#define GATHER_SENDER_ANY_SIZE UINT64_MAX

/* The variable that holds a token, for programs that are started by hand. */
#define GATHER_SENDER_TOKEN "DIPC_TOKEN"

/*
 * A sender that is not connected yet.
 *   address  "HOST:PORT", "[IPV6]:PORT" or "unix:PATH"
 *   which    the child's number
 * Errors: EINVAL  the address is none of these
 *         EACCES  no parent gives such a token
 *         ENOMEM
 */
int gather_sender_create(const char *address, unsigned which, const char *token,
                         struct gather_sender **sender)
    __attribute__((warn_unused_result));

/*
 * Say before the first piece what the result is.
 *   type        for the parent to interpret; 0 unless told
 *   size_bytes  exactly so many bytes will be sent; GATHER_SENDER_ANY_SIZE:
 *               as many as there are
 */
void gather_sender_announce(struct gather_sender *sender, uint64_t type,
                            uint64_t size_bytes);

/* Connect now and not with the first piece. */
int gather_sender_connect(struct gather_sender *sender)
    __attribute__((warn_unused_result));

/* Append to the result. */
int gather_sender_send(struct gather_sender *sender, const void *data,
                       size_t length_bytes) __attribute__((warn_unused_result));

/*
 * Append all that comes from a descriptor, to its end.
 * Errors: those of read too.  It ends early when the parent is gone.
 */
int gather_sender_copy(struct gather_sender *sender, int fd)
    __attribute__((warn_unused_result));

/* The result is whole.  On success the parent has it. */
int gather_sender_finish(struct gather_sender *sender)
    __attribute__((warn_unused_result));

/*
 * There will be no result: tell the parent why, by a number of the child's
 * own, not 0.
 */
int gather_sender_fail(struct gather_sender *sender, uint64_t number)
    __attribute__((warn_unused_result));

/*
 * See, without waiting, whether the parent is still there and content; 0 if it
 * is, or if there is no connection yet.
 */
int gather_sender_look(struct gather_sender *sender)
    __attribute__((warn_unused_result));

/* Which child this is. */
unsigned gather_sender_which(const struct gather_sender *sender);

/* What the last error was, in words; "" before any. */
const char *gather_sender_error(const struct gather_sender *sender);

/*
 * The connection's descriptor, of which poll tells POLLRDHUP when the parent is
 * gone or has refused something; -1: not connected.
 */
int gather_sender_descriptor(const struct gather_sender *sender);

/* What was not finished is cut off.  NULL is allowed. */
void gather_sender_destroy(struct gather_sender *sender);

#ifdef __cplusplus
}
#endif

#endif
