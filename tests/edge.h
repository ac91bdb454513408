#ifndef DIPC_EDGE_H
#define DIPC_EDGE_H

/*
 * Bytes at the edge of what can be read.
 *
 * Idea.  Some pages stand between two that nobody may touch.  A copy that ends
 * (or begins) with them makes a reader that goes one byte too far crash, in
 * every build, where it would find some byte or other elsewhere.
 *
 * Who may call.  One test.
 */

#include <stddef.h>

/* A page, or some of them, whatever the machine. */
#define EDGE_BYTES_MAX 65536

/*
 * A copy of bytes[0..length_bytes), at most EDGE_BYTES_MAX: behind it, or
 * before it, nothing can be read.  It stays until the next call of either.
 */
char *edge_behind(const char *bytes, size_t length_bytes);
char *edge_before(const char *bytes, size_t length_bytes);

#endif
