#ifndef DIPC_GATHER_CHILD_H
#define DIPC_GATHER_CHILD_H

/*
 * A child, as its parent knows it: where it is, its process, what became of it.
 *
 * Idea.  That a child is decided and that its process has ended are two events.
 * One that has sent all of its result is about to end by itself, and gets the
 * time for it; one that hangs is decided and lives on.  So whoever is decided
 * and alive is asked to end, and killed when it does not.
 *
 * Invariants.
 *   H1  a result's outcome leaves GATHER_RUNNING once
 *   H2  only a child made here, and only once it is decided, is signalled:
 *       SIGTERM first, then SIGKILL
 *
 * Who may call.  The parent's thread (net/gather*.c).
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gather.h"
#include "process.h"

enum gather_child_origin {
    GATHER_CHILD_NONE,
    GATHER_CHILD_HERE,
    GATHER_CHILD_ELSEWHERE
};

struct gather_child {
    enum gather_child_origin origin;
    struct process process; /* GATHER_CHILD_HERE */
    int signalled;          /* declared an error by this signal; 0: not */
    int asked;              /* the last signal sent to end it; 0: none */
    uint64_t ask_ns;        /* when to send the next; 0: not yet known */
    struct gather_result result;
};

/* One that is not made yet. */
void gather_child_init(struct gather_child *child);

/*
 * It was made here, just now: watch its process.
 *   is_group  it leads a process group, which is ended with it
 */
void gather_child_watch(struct gather_child *child, pid_t pid, bool is_group);

/* Is a process of it left that has not been seen to end? */
bool gather_child_is_alive(const struct gather_child *child);

/* Is it known what became of it? */
bool gather_child_is_decided(const struct gather_child *child);

/*
 * Ask one whose verdict is known to end, and kill it when it does not.  One
 * with a result has time: it is about to end by itself.
 *   is_last   nobody else is awaited: that time begins
 *   again_ns  lowered to when to ask again at the latest
 */
void gather_child_press(struct gather_child *child, bool is_last,
                        uint64_t now_ns, uint64_t *again_ns);

/* Give back its descriptor and what is left of its result. */
void gather_child_fini(struct gather_child *child);

#endif
