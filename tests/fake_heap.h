#ifndef DIPC_FAKE_HEAP_H
#define DIPC_FAKE_HEAP_H

/*
 * A heap that runs out when a test says so.
 *
 * Idea.  The test programs are linked so that malloc, calloc and realloc come
 * here first (ld's --wrap).  They are handed on, but for those that shall fail.
 *
 * Who may call.  One test's main thread; any thread may allocate.
 */

#define FAKE_HEAP_ENDLESS (-1L)

/* From now on `allocations` succeed, and all after them fail. */
void fake_heap_set(long allocations);

#endif
