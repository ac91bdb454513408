#ifndef DIPC_DAEMON_H
#define DIPC_DAEMON_H

/*
 * A daemon: a process that leaves the terminal once it is of use.
 *
 * Idea.  The child does the work and the parent waits for its report over a
 * pair of sockets: warnings, then either "ready" or why not.  The parent
 * prints them and returns the exit status, so that whoever started the command
 * knows that the server listens, or why it does not.  The child goes on only
 * when the parent says that all of it could be printed: a server that nobody
 * knows of would be of no use.  In the foreground there is no child, and the
 * same reports are printed at once.
 *
 * Who may call.  The main thread, before any other thread is made.
 */

#include <stdbool.h>
#include <stdint.h>

#include "complaint.h"

#define DAEMON_MISUSE 2

struct daemon {
    const char *program; /* what messages begin with */
    int report;          /* to the parent; -1: in the foreground */
    int null;            /* /dev/null; -1: in the foreground */
    bool keeps_stderr;   /* in the background too */
};

/* Make sure that descriptors 0 to 2 are open: no socket must become one. */
void daemon_occupy_standard_descriptors(void);

/*
 * All that was printed has left, or a message says that it could not.
 * Returns the exit status.
 */
int daemon_finish_output(const char *program);

/* Stay in the foreground. */
void daemon_stay(struct daemon *daemon, const char *program);

/*
 * Go on in a child, in a session of its own.
 *   status  what the parent is to exit with
 * Returns true in the parent, once the child is ready or has failed.
 */
bool daemon_leave(struct daemon *daemon, const char *program, bool keeps_stderr,
                  int *status) __attribute__((warn_unused_result));

void daemon_warn(struct daemon *daemon, const struct complaint *complaint);
void daemon_fail(struct daemon *daemon, const struct complaint *complaint);

/* The same for a wrong argument: the exit status is DAEMON_MISUSE. */
void daemon_reject(struct daemon *daemon, const struct complaint *complaint);

/*
 * Of use now: let go of the terminal.
 *   number  printed on standard output; 0: none
 * Errors: EPIPE, EIO, others  nobody knows of this server: end
 */
int daemon_ready(struct daemon *daemon, unsigned number)
    __attribute__((warn_unused_result));

#endif
