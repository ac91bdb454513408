#include "fake_heap.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "fake_calls.h"

static atomic_long left = FAKE_HEAP_ENDLESS;
static atomic_long blocks;

void *__real_malloc(size_t size_bytes);
void *__wrap_malloc(size_t size_bytes);
void *__real_calloc(size_t count, size_t size_bytes);
void *__wrap_calloc(size_t count, size_t size_bytes);
void *__real_realloc(void *memory, size_t size_bytes);
void *__wrap_realloc(void *memory, size_t size_bytes);
void __real_free(void *memory);
void __wrap_free(void *memory);

void
fake_heap_set(long allocations)
{
    atomic_store(&left, allocations);
}

long
fake_heap_blocks(void)
{
    return atomic_load(&blocks);
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

static void *
counted(void *memory)
{
    if (memory != NULL) {
        (void)atomic_fetch_add(&blocks, 1);
    }
    return memory;
}

void *
__wrap_malloc(size_t size_bytes)
{
    return is_empty() || fake_calls_fails("malloc")
               ? NULL
               : counted(__real_malloc(size_bytes));
}

void *
__wrap_calloc(size_t count, size_t size_bytes)
{
    return is_empty() || fake_calls_fails("calloc")
               ? NULL
               : counted(__real_calloc(count, size_bytes));
}

void *
__wrap_realloc(void *memory, size_t size_bytes)
{
    void *moved = is_empty() || fake_calls_fails("realloc")
                      ? NULL
                      : __real_realloc(memory, size_bytes);

    return memory == NULL ? counted(moved) : moved;
}

void
__wrap_free(void *memory)
{
    if (memory != NULL) {
        (void)atomic_fetch_sub(&blocks, 1);
    }
    __real_free(memory);
}
