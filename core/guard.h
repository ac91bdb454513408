#ifndef DIPC_GUARD_H
#define DIPC_GUARD_H

/*
 * A guard: the short mutex around the bookkeeping of a lock or a watch.
 *
 * Idea.  It is robust and can be shared between processes.  Nobody sleeps,
 * copies or waits for a peer while holding one, so no deadline is put on it.
 * When its owner dies inside, the next to lock it is told, and makes the
 * bookkeeping anew from the seats before it goes on.
 *
 * Among processes there is one more death to outlive.  Whoever lets a guard go
 * wakes one of those that sleep on it.  If that one is killed before it has the
 * guard, while a third has just taken it, then neither the third nor the kernel
 * knows of the others that sleep, and nobody would wake them.  So nobody sleeps
 * on a guard for longer than GUARD_NAP_NS without looking at it.
 *
 * Who may call.  Any thread; one that holds no guard.
 */

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

/* How long anybody sleeps on a guard that processes share. */
#define GUARD_NAP_NS 50000000L

/* Errors: what pthread_mutex_init returns. */
int guard_init(pthread_mutex_t *guard) __attribute__((warn_unused_result));
void guard_fini(pthread_mutex_t *guard);

/*
 * Lock.  True when the last owner died with the guard held: what it guards must
 * be rebuilt.  Should the caller die before that is done, the next one is told.
 */
bool guard_lock(pthread_mutex_t *guard) __attribute__((warn_unused_result));

/*
 * Lock a guard that processes share.
 *   now  CLOCK_MONOTONIC; NULL: as guard_lock
 */
bool
guard_lock_shared(pthread_mutex_t *guard, void (*now)(struct timespec *now))
    __attribute__((warn_unused_result));

/* The same verdict on what another way of locking the guard returned. */
bool guard_locked(pthread_mutex_t *guard, int error)
    __attribute__((warn_unused_result));

void guard_unlock(pthread_mutex_t *guard);

/* The moment when a nap that begins now is over. */
struct timespec guard_nap_end(void (*now)(struct timespec *now), long nap_ns);

#endif
