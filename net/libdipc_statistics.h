#ifndef DIPC_LIBDIPC_STATISTICS_H
#define DIPC_LIBDIPC_STATISTICS_H

/*
 * Statistics on their way from an answer into a caller's hands.
 *
 * Who may call.  One thread for each list.
 */

#include "libdipc_exchange.h"

/* An empty list, to be the answer of a request; NULL: no memory. */
struct dipc_statistics *libdipc_statistics_create(void);

/* The request whose answer goes to the list. */
struct libdipc_request
libdipc_statistics_request(struct dipc_statistics *statistics);

/*
 * Take an answer that is there apart.
 * Errors: DIPC_PROTOCOL  it is no list; the connection is lost, and the list
 *         stays empty
 */
enum dipc_status
libdipc_statistics_take(struct dipc_statistics *statistics, size_t length,
                        struct dipc_connection *connection)
    __attribute__((warn_unused_result));

#endif
