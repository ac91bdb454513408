#ifndef DIPC_GATHER_PARENT_H
#define DIPC_GATHER_PARENT_H

/*
 * A parent: what gather_create makes, for the files that work on it.
 *
 * Idea.  Its life is in three parts.  It is made, and listens (net/gather.c);
 * children are forked (net/gather_fork.c); it serves: a thread runs the
 * server, by which results get into the collector, and the caller's thread
 * waits, judges and ends children (net/gather_wait.c).  The two meet in the
 * collector, which has a guard, and in `changed`, which wakes the one that
 * waits.
 *
 * Invariants.
 *   F1  nobody is forked once has_served: no fork comes after a thread
 *       of ours
 *   F2  is_stopping, once set, stays so
 *   F3  where has_strays, nothing that the server's threads use is ever freed
 *
 * Who may call.  net/gather*.c: the parent's thread, and a forked child on its
 * copy; `stopped` and `changed` any thread, for gather_stop.
 */

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector.h"
#include "gather.h"
#include "gather_child.h"
#include "gather_listener.h"

/* What is awaited before the children: changed and signals. */
#define GATHER_PARENT_AWAITED 2

struct server;

struct gather {
    struct gather_options options; /* const after create */
    struct collector collector;
    struct gather_listener listener;
    pid_t maker;          /* the parent of the children made here */
    int changed;          /* an eventfd */
    int signals;          /* a signalfd; -1: none */
    sigset_t before;      /* the signal mask, where there is one */
    _Atomic bool stopped; /* by gather_stop */
    bool is_stopping;
    bool has_served;
    bool has_strays; /* threads that did not end, and use all of this */
    uint64_t deadline_ns;
    uint64_t told_ns; /* when progress was last called */
    struct server *server;
    pthread_t thread;
    struct gather_child *children;
    struct pollfd *awaited; /* GATHER_PARENT_AWAITED, and the children */
    struct gather_progress progress;
};

static inline struct gather_child *
gather_parent_child(const struct gather *gather, unsigned which)
{
    assert(which < gather->options.children);
    return &gather->children[which];
}

#endif
