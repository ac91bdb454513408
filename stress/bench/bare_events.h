#ifndef DIPC_BARE_EVENTS_H
#define DIPC_BARE_EVENTS_H

/*
 * The limit of a server that waits for many connections at once: a few
 * threads, each with an epoll of its own, to which the connections are given
 * in turn.
 *
 * Idea.  A thread sleeps when none of its connections has anything to say.
 * When it is woken it takes all that have, one after the other, without
 * sleeping in between: the more there is to do, the fewer wake-ups it costs.
 * Sockets do not block; the epoll is level-triggered, so what was left comes
 * up again.
 *
 * Who may call.  The thread that accepts.
 */

#include <pthread.h>
#include <stdint.h>

#define BARE_EVENTS_THREADS_MAX 16U

struct bare_events {
    uint32_t threads;
    uint32_t next; /* whose turn it is to be given a connection */
    int epolls[BARE_EVENTS_THREADS_MAX];
    pthread_t ids[BARE_EVENTS_THREADS_MAX];
};

/*
 * Start 1 to BARE_EVENTS_THREADS_MAX threads, which run to the process's end
 * and need `events` as long.
 * Errors:  what epoll_create1 and pthread_create say
 */
int bare_events_init(struct bare_events *events, uint32_t threads);

/*
 * Serve a connection that is accepted.
 * Errors:  ENOMEM, ENOSPC and what else epoll_ctl says; the socket is the
 *          caller's still
 */
int bare_events_take(struct bare_events *events, int fd);

#endif
