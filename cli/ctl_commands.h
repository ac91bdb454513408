#ifndef DIPC_CTL_COMMANDS_H
#define DIPC_CTL_COMMANDS_H

/*
 * What the commands of `dipcctl` do.
 *
 * Idea.  A command connects, asks, prints and is done; what it was told goes to
 * standard output, why it failed to standard error, and what a script is to
 * know of that into the exit status.  A write's data is read before anything
 * is connected, so that slow input keeps no connection waiting.
 *
 * Who may call.  The main thread.
 */

#include "ctl_arguments.h"
#include "ctl_status.h"

enum ctl_status ctl_commands_run(const struct ctl_arguments *arguments);

#endif
