#ifndef DIPC_SWITCHES_H
#define DIPC_SWITCHES_H

/*
 * Context switches of a process: how often its threads stopped running, of
 * their own accord because they had to wait, or because others were to run.
 *
 * Idea.  The kernel counts both for each thread, and tells them in
 * /proc/PID/task/TID/status; the count of a thread goes with it.  So the
 * counts are taken thread by thread, twice, and what lies between is that of
 * the threads that are there at the end: one that has ended meanwhile takes
 * nothing from it.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct switches_thread {
    pid_t thread;
    uint64_t switches; /* since it began */
};

/* Those of a process at one moment, by their numbers; zeroes hold none. */
struct switches {
    size_t length;
    size_t room;
    struct switches_thread *threads;
};

/*
 * Take the counts of all threads that a process has now.
 * Context:  any thread
 * Errors:   ENOENT  there is no such process; what else opendir says
 *           ENOMEM
 */
int switches_take(struct switches *s, pid_t process);

/* How many there were from then to now, of the threads that are there now. */
uint64_t
switches_between(const struct switches *then, const struct switches *now);

void switches_fini(struct switches *s);

#endif
