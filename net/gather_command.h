#ifndef DIPC_GATHER_COMMAND_H
#define DIPC_GATHER_COMMAND_H

/*
 * A command whose standard output is sent as a result.
 *
 * Idea.  The calling process stands between the command and the parent that
 * gathers: it reads what the command writes, sends it, and knows how the
 * command ended.  Only a command that has exited with 0, and whose output
 * nobody holds open any more, has a result that is whole.
 *
 * Signals.  The caller is to have no threads.  While the command runs SIGCHLD
 * and SIGUSR1 are taken from a descriptor, and those that end a process are
 * left pending: who ends a process group ends the command, and the caller ends
 * by what the command ended by.  When the parent is gone the command is ended:
 * SIGTERM, and SIGKILL a second later; and the kernel kills it should the
 * caller be killed.
 *
 * Who may call.  A process made for it.
 */

#include "gather.h"

/* Exit statuses of a command that cannot be run, as a shell has them. */
#define GATHER_COMMAND_NOT_FOUND 127
#define GATHER_COMMAND_NOT_RUN 126

/*
 * Run a command to its end.
 *   leads_group  the caller's process group was made for it and the command:
 *                ending the command ends all of the group
 *   status       as waitpid tells it; 0 only if the result has been sent
 *                and is whole
 * Errors: those of the sender; of fork and the like
 * The signals that end a process stay blocked: one that was meant for the
 * group must not keep the caller from what it has to do at its end.
 */
int gather_command_run(struct gather_sender *sender,
                       const struct gather_command *command, bool leads_group,
                       int *status) __attribute__((warn_unused_result));

/* End as a command ended that had this status.  Returns what to exit with. */
int gather_command_mimic(int status);

#endif
