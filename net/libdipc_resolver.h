#ifndef DIPC_LIBDIPC_RESOLVER_H
#define DIPC_LIBDIPC_RESOLVER_H

/*
 * The addresses of a name, by a deadline.
 *
 * Idea.  getaddrinfo(3) takes no deadline and cannot be called off.  So a
 * thread of its own calls it, and whoever asked waits for the answer no longer
 * than the deadline.  A question that was given up belongs to its thread, which
 * frees it when the resolver has come back; after any other the thread is gone.
 * Addresses in numbers need no resolver, and without a deadline there is no
 * thread.
 *
 * Who may call.  Any thread.
 */

#include <netdb.h>
#include <stdint.h>

/*
 * Find the addresses, for freeaddrinfo(3).
 *   deadline_ns  absolute, CLOCK_MONOTONIC; CLOCK_NEVER: none
 *   number       with EAI_SYSTEM: the errno value
 * Errors: those of getaddrinfo(3); EAI_MEMORY  no memory, or no thread;
 *         EAI_INPROGRESS  not by the deadline
 */
int libdipc_resolver_find(const char *host, const char *service,
                          uint64_t deadline_ns, struct addrinfo **found,
                          int *number) __attribute__((warn_unused_result));

#endif
