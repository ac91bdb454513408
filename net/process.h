#ifndef DIPC_PROCESS_H
#define DIPC_PROCESS_H

/*
 * A process: a child of ours, seen to its end.
 *
 * Idea.  A pidfd becomes readable when its process ends, each for itself, so
 * there is no signal whose second arrival could be lost, and nobody else's
 * child is waited for.  Where no pidfd is to be had (an old kernel, no more
 * descriptors) the process is asked for again every PROCESS_NAP_NS.  Its number
 * stays its own until it has been waited for, so signals reach nobody else.
 *
 * Who may call.  One thread of the parent.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"

#define PROCESS_NAP_NS (20 * CLOCK_NS_PER_MS)

struct process {
    pid_t pid;
    int fd;          /* a pidfd; -1: none */
    bool is_group;   /* its number is that of a group of its own */
    bool has_ended;  /* and has been waited for */
    bool is_unknown; /* somebody else waited for it */
    int status;      /* as waitpid tells it, once it has ended */
    uint64_t ended_ns;
};

/* Begin to watch a child that was just made. */
void process_watch(struct process *process, pid_t pid, bool is_group);

/* Look whether it has ended; true once it has. */
bool process_look(struct process *process);

/* Send a signal to it, or to its whole group; none once it has ended. */
void process_signal(const struct process *process, int signal);

/* Give the descriptor back. */
void process_forget(struct process *process);

/* It has ended, and badly: not by itself with status 0. */
bool process_has_failed(const struct process *process);

#endif
