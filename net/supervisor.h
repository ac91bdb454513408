#ifndef DIPC_SUPERVISOR_H
#define DIPC_SUPERVISOR_H

/*
 * The supervisor: systemd, or another that speaks as it does, which started
 * this process, may have opened its sockets, and wants to hear how it fares.
 *
 * Idea.  All of it is environment and descriptors.  NOTIFY_SOCKET names a Unix
 * datagram socket (a path, or "@" and an abstract name) to which one line for
 * each assignment is sent: READY=1, RELOADING=1, STOPPING=1, STATUS=a sentence.
 * LISTEN_FDS is the number of descriptors from 3 on that were passed; they are
 * for the process LISTEN_PID alone, and LISTEN_FDNAMES may name them.  The
 * variables are removed once they are read: no child takes them for its own.
 *
 * Without a supervisor nothing here does anything.
 *
 * Who may call.  The main thread; supervisor_connect and
 * supervisor_take_sockets before any other is made, for they change the
 * environment.
 *
 * Source.  sd_notify(3), sd_listen_fds(3).
 */

#include <stdbool.h>
#include <stddef.h>

#include "complaint.h"

#define SUPERVISOR_SOCKETS_MAX 32
#define SUPERVISOR_FIRST_SOCKET 3

struct supervisor {
    int notify; /* connected; -1: nobody wants to hear */
};

/*
 * Find out who wants to hear.
 * Errors: EINVAL     NOTIFY_SOCKET is no name of a socket
 *         any other  from the socket calls: nobody hears there
 * After an error there is nobody, the complaint says why, and a server may
 * well go on.
 */
int
supervisor_connect(struct supervisor *supervisor, struct complaint *complaint)
    __attribute__((warn_unused_result));
void supervisor_close(struct supervisor *supervisor);

/* Does somebody watch?  Then SIGHUP is no closed terminal. */
bool supervisor_is_there(const struct supervisor *supervisor);

/*
 * Say how it fares.  `supervisor` may be NULL.
 *   status  for people: what it does now
 * Context:  ready waits a bounded time for a supervisor that is behind, the
 *           others do not wait.
 */
void supervisor_ready(const struct supervisor *supervisor, const char *status);
void supervisor_reloading(const struct supervisor *supervisor);
void supervisor_reloaded(const struct supervisor *supervisor);
void
supervisor_stopping(const struct supervisor *supervisor, const char *status);

/* Were descriptors passed to this process?  Changes nothing. */
bool supervisor_passes_sockets(void);

/*
 * Take the descriptors that were passed: listening stream sockets, every one.
 * They are no longer inherited by others.
 *   count  0: none were passed, or they are for another process
 * Errors: EINVAL    the variables contradict themselves, or there are too many
 *         ENOTSOCK  one is no listening stream socket
 * The complaint names what is wrong.
 */
int supervisor_take_sockets(int sockets[static SUPERVISOR_SOCKETS_MAX],
                            size_t *count, struct complaint *complaint)
    __attribute__((warn_unused_result));

#endif
