/*
 * Idea: the program's heap. Each thread takes memory from a range of its
 * own, so that an address never depends on the schedule, and memory that was
 * freed is not handed out again before the execution ends: every use of it
 * is seen.
 *
 * Invariants
 *   1. A block is surrounded by at least sixteen bytes that belong to none.
 *   2. The bytes of a new block are the same in every run.
 * Who may call: the C library's functions as modelled, and race detection.
 */
#ifndef HEDDLE_HEAP_H
#define HEDDLE_HEAP_H

#include "model.h"
#include "race.h"

void hd_heap_init(void);
void hd_heap_begin(void);
void hd_heap_bounds(uintptr_t *low, uintptr_t *high);
void *hd_heap_take(size_t length_bytes, size_t alignment, uint32_t pc);
void hd_heap_give(void *block, uint32_t pc);
size_t hd_heap_length(const void *block);
/* Is this access inside a live block? Records the finding otherwise. */
void hd_heap_check(uintptr_t at, size_t length_bytes, enum hd_touch how,
                   uint32_t pc);
/* At the end of the program: record a finding if a block was not freed. */
void hd_heap_leaks(void);

static const uintptr_t hd_heap_at = UINT64_C(0x300000000000);
enum { HD_HEAP_EACH = 1 << 25 };

static inline bool
hd_heap_has(uintptr_t at)
{
    return at - hd_heap_at < (uintptr_t)HD_HEAP_EACH * HD_THREADS_MAX;
}

#endif
