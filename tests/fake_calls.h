#ifndef DIPC_FAKE_CALLS_H
#define DIPC_FAKE_CALLS_H

/*
 * Calls of the system that fail when a test wants it.
 *
 * Idea.  The test programs are linked so that what can fail comes here first
 * (ld's --wrap).  It is handed on, unless it is the one that a test has named.
 * A sweep lets each call in turn fail: it fails the n-th, and goes on with the
 * next n until none was left to fail.
 *
 * Who may call.  Any thread; a failure is that of the thread that wants it.
 */

#include <stdatomic.h>
#include <stdbool.h>

/* False until the first failure is asked for, in any thread. */
extern atomic_bool fake_calls_armed;

/* The n-th call of this name (NULL: of any) from now on fails; 0: none. */
void fake_calls_fail(const char *name, long n, int error);

/* The name of the call that has failed, or NULL; from now on none fails. */
const char *fake_calls_failed(void);

/* Is this call to fail?  Sets errno if so.  For other fakes. */
bool fake_calls_fails(const char *name);

/* How many descriptors are open. */
int fake_calls_descriptors(void);

#endif
