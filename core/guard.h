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
 * Who may call.  Any thread; one that holds no guard.
 */

#include <pthread.h>
#include <stdbool.h>

/* Errors: what pthread_mutex_init returns. */
int guard_init(pthread_mutex_t *guard) __attribute__((warn_unused_result));
void guard_fini(pthread_mutex_t *guard);

/*
 * Lock.  True when the last owner died with the guard held: what it guards must
 * be rebuilt.  Should the caller die before that is done, the next one is told.
 */
bool guard_lock(pthread_mutex_t *guard) __attribute__((warn_unused_result));

/* The same verdict on what another way of locking the guard returned. */
bool guard_locked(pthread_mutex_t *guard, int error)
    __attribute__((warn_unused_result));

void guard_unlock(pthread_mutex_t *guard);

#endif
