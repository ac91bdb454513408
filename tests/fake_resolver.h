#ifndef DIPC_FAKE_RESOLVER_H
#define DIPC_FAKE_RESOLVER_H

/*
 * A resolver that keeps its callers until it is told to let them go: every
 * getaddrinfo of a test program passes here.
 *
 * Who may call.  The test's main thread.
 */

/* From now on nobody gets an answer for a name; numbers pass. */
void fake_resolver_hold(void);

/* Wait until it has been asked so many times; then let all of them go. */
void fake_resolver_release(unsigned count);

#endif
