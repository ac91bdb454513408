#ifndef DIPC_MEMORY_H
#define DIPC_MEMORY_H

/*
 * Memory: how much of it the machine can still give.
 *
 * Who may call.  Any thread.
 */

#include <stdint.h>

#define MEMORY_TEXT_MAX 32

/*
 * What could be used now without pushing anything out: free, reclaimable and
 * swap.  UINT64_MAX where the system does not tell.
 */
uint64_t memory_available(void);

/* What the file system at this path has free; UINT64_MAX: untold. */
uint64_t memory_shared_available(const char *path);

/* The bytes in the largest unit that leaves a whole number before the point. */
void memory_describe(uint64_t bytes, char text[static MEMORY_TEXT_MAX]);

#endif
