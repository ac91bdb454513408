#ifndef DIPC_FAKE_HEAP_H
#define DIPC_FAKE_HEAP_H

/*
 * A heap that runs out when a test says so, and counts what it has given.
 *
 * Idea.  The test programs are linked so that malloc, calloc, realloc and free
 * come here first (ld's --wrap).  They are handed on, but for those that shall
 * fail.
 *
 * Who may call.  One test's main thread; any thread may allocate.
 */

#define FAKE_HEAP_ENDLESS (-1L)

/* From now on `allocations` succeed, and all after them fail. */
void fake_heap_set(long allocations);

/*
 * How many blocks are allocated and not freed.  What libc allocates by itself,
 * for strdup, say, is not counted when it is allocated, but when it is freed:
 * compare two counts between which there is none of it.
 */
long fake_heap_blocks(void);

#endif
