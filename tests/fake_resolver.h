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

/* Let those that are kept go, and wait until `count` of them have been asked. */
void fake_resolver_release(unsigned count);

#endif
