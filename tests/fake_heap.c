#include "fake_heap.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "fake_calls.h"

static atomic_long left = FAKE_HEAP_ENDLESS;

void *__real_malloc(size_t size_bytes);
void *__wrap_malloc(size_t size_bytes);
void *__real_calloc(size_t count, size_t size_bytes);
void *__wrap_calloc(size_t count, size_t size_bytes);
void *__real_realloc(void *memory, size_t size_bytes);
void *__wrap_realloc(void *memory, size_t size_bytes);

void
fake_heap_set(long allocations)
{
    atomic_store(&left, allocations);
}

static bool
is_empty(void)
{
    long before = atomic_load(&left);

    if (before > 0) {
        atomic_store(&left, before - 1);
    }
    return before == 0;
}

void *
__wrap_malloc(size_t size_bytes)
{
    return is_empty() || fake_calls_fails("malloc") ? NULL
                                                    : __real_malloc(size_bytes);
}

void *
__wrap_calloc(size_t count, size_t size_bytes)
{
    return is_empty() || fake_calls_fails("calloc")
               ? NULL
               : __real_calloc(count, size_bytes);
}

void *
__wrap_realloc(void *memory, size_t size_bytes)
{
    return is_empty() || fake_calls_fails("realloc")
               ? NULL
               : __real_realloc(memory, size_bytes);
}
