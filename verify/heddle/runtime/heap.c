#include "heap.h"

#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "options.h"
#include "trace.h"

enum { GRAIN = 16, BLOCKS_MAX = 1 << 18, FILL = 0xA5 };

struct block {
    uintptr_t at;
    size_t length_bytes;
    uint32_t pc;       /* who took it */
    uint32_t freed_pc; /* who gave it back; 0: live */
    uint32_t epoch;    /* when tracing: the stack of the free */
    uint8_t thread;
    uint8_t freed_by;
};

static HD_OWN struct block *block;
static HD_OWN uint32_t blocks;
static HD_OWN uint32_t *owner; /* of each grain, an index of block */
static HD_OWN uintptr_t top[HD_THREADS_MAX];

void
hd_heap_init(void)
{
    hd_own_reserve_at(hd_heap_at, (size_t)HD_HEAP_EACH * HD_THREADS_MAX);
    owner = hd_own_reserve((size_t)HD_HEAP_EACH / GRAIN * HD_THREADS_MAX *
                           sizeof(*owner));
    block = hd_own_reserve(BLOCKS_MAX * sizeof(*block));
}

void
hd_heap_begin(void)
{
    int i;

    blocks = 1;
    for (i = 0; i < HD_THREADS_MAX; i++) {
        top[i] = hd_heap_at + (uintptr_t)i * HD_HEAP_EACH;
    }
}

void
hd_heap_bounds(uintptr_t *low, uintptr_t *high)
{
    *low = hd_heap_at;
    *high = hd_heap_at + (uintptr_t)HD_HEAP_EACH * HD_THREADS_MAX;
}

static size_t
grain_of(uintptr_t at)
{
    return (at - hd_heap_at) / GRAIN;
}

/* The block that this byte belongs or is next to, or NULL. */
static struct block *
block_at(uintptr_t at)
{
    size_t arena = (at - hd_heap_at) / HD_HEAP_EACH;

    if (!hd_heap_has(at) || at >= top[arena]) {
        return NULL;
    }
    return &block[owner[grain_of(at)]];
}

void *
hd_heap_take(size_t length_bytes, size_t alignment, uint32_t pc)
{
    int id = hd.self->id;
    uintptr_t end = hd_heap_at + (uintptr_t)(id + 1) * HD_HEAP_EACH;
    uintptr_t from = top[id];
    uintptr_t at;
    uintptr_t next;

    if (alignment < GRAIN) {
        alignment = GRAIN;
    }
    at = (from + GRAIN + alignment - 1) & ~(alignment - 1);
    if (length_bytes > HD_HEAP_EACH || at + length_bytes + GRAIN > end) {
        hd_finding(HD_UNSUPPORTED,
                   "thread %d wants more than %d MB of heap in one execution",
                   id, HD_HEAP_EACH >> 20);
    }
    next = (at + length_bytes + GRAIN) & ~(uintptr_t)(GRAIN - 1);
    if (blocks == BLOCKS_MAX) {
        hd_finding(HD_UNSUPPORTED, "more than %d allocations in one execution",
                   BLOCKS_MAX);
    }
    block[blocks] = (struct block){at, length_bytes, pc, 0, 0, (uint8_t)id, 0};
    for (; from < next; from += GRAIN) {
        owner[grain_of(from)] = blocks;
    }
    top[id] = next;
    blocks++;
    memset((void *)at, FILL, length_bytes);
    hd.self->progress++;
    return (void *)at;
}

void
hd_heap_give(void *pointer, uint32_t pc)
{
    uintptr_t at = (uintptr_t)pointer;
    struct block *one = block_at(at);

    if (one == NULL || one->at != at) {
        hd_finding_at(pc, at);
        hd_finding(HD_MEMORY, "free of %p, which malloc never returned",
                   pointer);
    }
    if (one->freed_pc != 0) {
        hd_finding_at(pc, at);
        hd_finding_other(one->freed_by, one->freed_pc, one->epoch);
        hd_finding_says("frees again", "frees");
        hd_finding(HD_MEMORY, "double free of a block of %zu bytes",
                   one->length_bytes);
    }
    hd_race_touch(at, one->length_bytes, HD_TOUCH_WRITE, pc);
    one->freed_pc = pc;
    one->epoch = hd_trace_on ? hd_trace_stack(pc) : 0;
    one->freed_by = (uint8_t)hd.self->id;
    hd.self->progress++;
}

size_t
hd_heap_length(const void *pointer)
{
    const struct block *one = block_at((uintptr_t)pointer);

    return one == NULL ? 0 : one->length_bytes;
}

void
hd_heap_check(uintptr_t at, size_t length_bytes, enum hd_touch how, uint32_t pc)
{
    const struct block *one = block_at(at);
    const char *what =
        how == HD_TOUCH_READ || how == HD_TOUCH_ATOMIC_READ ? "read" : "write";

    if (one == NULL) {
        hd_finding_at(pc, at);
        hd_finding(HD_MEMORY, "%s of %zu bytes of heap that nobody allocated",
                   what, length_bytes);
    }
    if (at < one->at || at + length_bytes > one->at + one->length_bytes) {
        hd_finding_at(pc, at);
        hd_finding_other(one->thread, one->pc, 0);
        hd_finding(
            HD_MEMORY, "%s of %zu bytes at offset %td of a block of %zu bytes",
            what, length_bytes, (ptrdiff_t)(at - one->at), one->length_bytes);
    }
    if (one->freed_pc != 0) {
        hd_finding_at(pc, at);
        hd_finding_other(one->freed_by, one->freed_pc, one->epoch);
        hd_finding_says(what, "frees");
        hd_finding(HD_MEMORY,
                   "use after free: %s at offset %td of a block "
                   "of %zu bytes that thread %d freed",
                   what, (ptrdiff_t)(at - one->at), one->length_bytes,
                   one->freed_by);
    }
}

void
hd_heap_leaks(void)
{
    uint32_t i;
    uint32_t lost = 0;
    size_t bytes = 0;

    for (i = 1; i < blocks; i++) {
        if (block[i].freed_pc == 0) {
            lost = lost == 0 ? i : lost;
            bytes += block[i].length_bytes;
        }
    }
    if (lost != 0 && hd_options.leaks && hd.deaths == 0) {
        hd_finding_other(block[lost].thread, block[lost].pc, 0);
        hd_finding(HD_MEMORY,
                   "leak: %zu bytes were never freed, the first "
                   "%zu of them allocated by thread %d",
                   bytes, block[lost].length_bytes, block[lost].thread);
    }
}
