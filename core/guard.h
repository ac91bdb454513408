#ifndef DIPC_GUARD_H
#define DIPC_GUARD_H

/*
 * A guard: the short mutex around the bookkeeping of a lock or a watch.
 *
 * It is robust and can be shared between processes.  Nobody sleeps, copies or
 * waits for a peer while holding one, so no deadline is put on it.
 */

#include <pthread.h>

/* Errors: what pthread_mutex_init returns. */
int guard_init(pthread_mutex_t *guard) __attribute__((warn_unused_result));
void guard_fini(pthread_mutex_t *guard);
void guard_lock(pthread_mutex_t *guard);
void guard_unlock(pthread_mutex_t *guard);

#endif
