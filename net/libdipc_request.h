#ifndef DIPC_LIBDIPC_REQUEST_H
#define DIPC_LIBDIPC_REQUEST_H

/*
 * Requests as they go on the wire: the line, judged before it is written.
 *
 * Who may call.  Any thread.
 */

#include "dipc.h"

#define LIBDIPC_HEADER_MAX 160

/*
 * The line of a read.
 *   offset, version  as for dipc_read_at
 *   capacity         more than 63 bits is as good as 63 bits
 * Errors: DIPC_INVALID
 */
enum dipc_status
libdipc_request_read(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox,
                     uint64_t offset, uint64_t version, const void *data,
                     size_t capacity, struct dipc_error *error)
    __attribute__((warn_unused_result));

/*
 * The line of a read that waits for a version greater than `version`.
 * Errors: DIPC_INVALID
 */
enum dipc_status
libdipc_request_wait(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox,
                     uint64_t version, uint64_t wait_ms, const void *data,
                     size_t capacity, struct dipc_error *error)
    __attribute__((warn_unused_result));

/*
 * The line of a write; the data follows it.
 *   place, version  as for dipc_write_at
 * Errors: DIPC_INVALID
 */
enum dipc_status
libdipc_request_write(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox,
                      uint64_t place, uint64_t version, const void *data,
                      size_t length, struct dipc_error *error)
    __attribute__((warn_unused_result));

/* The line that asks for statistics; of the server: DIPC_SERVER. */
void
libdipc_request_stat(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox);

#endif
