#ifndef DIPC_RUNTIME_H
#define DIPC_RUNTIME_H

/*
 * The runtime directory: a directory of the user's own for control sockets.
 *
 * Idea.  Which directory a user has differs from one login to the next, so
 * there are several candidates, in a fixed order; a server takes the first
 * that is usable, and whoever looks for a server looks into all of them.
 *
 *     0  $XDG_RUNTIME_DIR/dipc
 *     1  /run/user/UID/dipc
 *     2  /tmp/dipc-UID
 *
 * A directory is used only if it is one (no link), belongs to the user, and
 * nobody else may enter it; the first two must stand in a directory of the
 * user's too.  It is handled by descriptor from then on, so that nobody can
 * put another in its place.
 *
 * Who may call.  Any thread.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "complaint.h"

#define RUNTIME_CANDIDATES 3

/*
 * Open candidate number `which` of a user.
 *   create     make it when it is missing
 *   directory  a descriptor, on success
 * Errors:  ENOENT  this user has no such directory, and none can be made
 *          EPERM   there is one, but it is not safe; the complaint says why
 */
int
runtime_open(unsigned which, uid_t user, bool create, int *directory,
             struct complaint *complaint) __attribute__((warn_unused_result));

#endif
