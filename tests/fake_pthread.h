#ifndef DIPC_FAKE_PTHREAD_H
#define DIPC_FAKE_PTHREAD_H

/*
 * Pthread objects that a test counts, and that cannot be made when it says so.
 *
 * Idea.  The test programs are linked so that what makes and destroys mutexes,
 * condition variables and their attributes comes here first (ld's --wrap), and
 * so does pthread_mutex_trylock, which a test uses to act at that moment.  All
 * is handed on to the real functions.
 *
 * Who may call.  One test's main thread; any thread may use pthread objects.
 */

#include <stdbool.h>

/* From now on the n-th call that makes or sets one fails; 0: none does. */
void fake_pthread_fail_at(long n);

/* From now on count what is made and destroyed. */
void fake_pthread_count(void);

/* Of each kind, as many made as destroyed, since fake_pthread_count? */
bool fake_pthread_is_balanced(void);

/* Call this once, before the next pthread_mutex_trylock. */
void fake_pthread_before_trylock(void (*hook)(void *argument), void *argument);

#endif
