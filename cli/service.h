#ifndef DIPC_SERVICE_H
#define DIPC_SERVICE_H

/*
 * The service: everything that `dipc` puts together and takes apart again.
 *
 * Idea.  What can fail without a trace comes first: the log, the port, and
 * only then the segment, the control socket and the server, each undone in the
 * reverse order.  Nothing half-made is left after a failure.
 *
 * Who may call.  The main thread, before any other thread is made.  The
 * process's signals and limits are set for a server.
 */

#include "arguments.h"
#include "daemon.h"

/*
 * Serve until somebody ends the server.  Failures are reported to the daemon.
 * Returns the exit status.
 */
int service_run(const struct arguments *arguments, struct daemon *daemon);

#endif
