#ifndef DIPC_GATHER_WAIT_H
#define DIPC_GATHER_WAIT_H

/*
 * The parent's waiting: until it is known of every child what became of it, and
 * none lives on.
 *
 * Idea.  One sleep for everything that can change a verdict: the collector's
 * eventfd, the signals by which children declare errors, a pidfd for each
 * child, and the earliest time at which somebody is to be looked at again.
 * After each sleep all that are not decided are judged (net/gather_verdict.h),
 * and all that are decided and alive are pressed to end (net/gather_child.h).
 * Each of these lowers one number: when to look again at the latest.
 *
 * Invariants.
 *   U1  the sleep ends by the earliest time at which anybody is to be looked
 *       at again, whatever wakes it before
 *   U2  who is decided is not judged again
 *
 * Who may call.  The parent's thread (net/gather.c).
 */

#include "gather.h"

/*
 * Wait until every child is decided, and its process has ended or does not
 * even when it is killed.
 * Context:  the server runs, or the parent is stopping; calls progress.
 * Effect:   every result is there.
 */
void gather_wait_all(struct gather *gather);

/* Count anew, and show it to whoever wants progress. */
void gather_wait_tell(struct gather *gather);

#endif
