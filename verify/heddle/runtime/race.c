#include "race.h"

#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "heap.h"
#include "options.h"
#include "snapshot.h"
#include "tls.h"
#include "trace.h"

enum { CELLS_MAX = 1 << 23 };

struct cell {
    uint32_t tick;
    uint32_t pc; /* when tracing: an index of the trace's stacks */
    uint32_t next;
    uint8_t thread;
    uint8_t mask; /* bytes of the eight */
    uint8_t how;  /* enum hd_touch */
};

struct slot {
    uint32_t stamp;
    uint32_t first; /* 0: none */
};

/* Shadow of one range of the program's memory. */
struct range {
    uintptr_t low;
    size_t length_bytes;
    struct slot *slot;
};

enum { RANGES = 4 };
static HD_OWN struct range range[RANGES];
static HD_OWN struct cell *cell;
static HD_OWN uint32_t cells;

/* conflicts[how]: a bit for each kind that `how` conflicts with. */
static const uint8_t conflicts[4] = {
    [HD_TOUCH_ATOMIC_READ] = 1 << HD_TOUCH_WRITE,
    [HD_TOUCH_READ] = 1 << HD_TOUCH_WRITE | 1 << HD_TOUCH_ATOMIC_WRITE,
    [HD_TOUCH_ATOMIC_WRITE] = 1 << HD_TOUCH_WRITE | 1 << HD_TOUCH_READ,
    [HD_TOUCH_WRITE] = 15,
};

static void
range_init(struct range *one, uintptr_t low, uintptr_t high)
{
    one->low = low & ~UINT64_C(7);
    one->length_bytes = high - one->low;
    one->slot =
        hd_own_reserve((one->length_bytes / 8 + 1) * sizeof(struct slot));
}

void
hd_race_init(void)
{
    uintptr_t low;
    uintptr_t high;

    cell = hd_own_reserve(CELLS_MAX * sizeof(*cell));
    hd_snapshot_bounds(&low, &high);
    range_init(&range[0], low, high);
    hd_heap_bounds(&low, &high);
    range_init(&range[1], low, high);
    range_init(&range[2], hd.thread[0].stack_low,
               hd.thread[HD_THREADS_MAX - 1].stack_high);
    hd_tls_bounds(&low, &high);
    range_init(&range[3], low, high);
}

void
hd_race_begin(void)
{
    cells = 1;
}

static struct slot *
slot_of(uintptr_t at)
{
    int i;

    for (i = 0; i < RANGES; i++) {
        uintptr_t offset = at - range[i].low;

        if (offset < range[i].length_bytes) {
            return &range[i].slot[offset >> 3];
        }
    }
    return NULL;
}

static const char *
how_text(int how)
{
    static const char *const text[4] = {"an atomic read", "a read",
                                        "an atomic write", "a write"};

    return text[how];
}

static const char *
how_verb(int how)
{
    static const char *const text[4] = {"reads, atomic:", "reads",
                                        "writes, atomic:", "writes"};

    return text[how];
}

static _Noreturn void
report(const struct cell *old, uintptr_t at, enum hd_touch how, uint32_t pc)
{
    uint32_t where = hd_trace_on ? hd_trace_stack_pc(old->pc) : old->pc;

    hd_finding_other(old->thread, where, hd_trace_on ? old->pc : 0);
    hd_finding_at(pc, at);
    hd_finding_says(how_verb((int)how), how_verb(old->how));
    hd_finding(HD_RACE,
               "data race: %s by thread %d and %s by thread %d are not "
               "ordered by any lock or release and acquire",
               how_text(old->how), old->thread, how_text((int)how),
               hd.self->id);
}

static bool
ordered(const struct cell *old)
{
    return hd.self->clock[old->thread] >= old->tick;
}

static uint32_t
place(uint32_t pc)
{
    return hd_trace_on ? hd_trace_stack(pc) : pc;
}

static void
touch_slot(struct slot *slot, uintptr_t at, uint8_t mask, enum hd_touch how,
           uint32_t pc)
{
    struct hd_thread *self = hd.self;
    uint32_t *link = &slot->first;
    uint32_t fresh = 0;

    if (slot->stamp != hd.stamp) {
        slot->stamp = hd.stamp;
        slot->first = 0;
    }
    while (*link != 0) {
        struct cell *old = &cell[*link];

        if (old->thread == self->id && old->mask == mask &&
            old->how == (uint8_t)how && old->tick == self->clock[self->id]) {
            return;
        }
        if ((old->mask & mask) != 0 && !ordered(old) &&
            (conflicts[how] >> old->how & 1) != 0) {
            report(old, at, how, pc);
        }
        if ((old->mask & ~mask) == 0 && ordered(old) &&
            (conflicts[old->how] & ~conflicts[how]) == 0) {
            fresh = *link;
            *link = old->next;
        } else {
            link = &old->next;
        }
    }
    if (fresh == 0) {
        fresh = cells < CELLS_MAX - 1 ? cells++ : cells;
    }
    cell[fresh] = (struct cell){self->clock[self->id], place(pc), slot->first,
                                (uint8_t)self->id,     mask,      (uint8_t)how};
    slot->first = fresh;
}

/* Outside of the thread's own stack. That a thread gets on by an atomic write
 * is for those to say who know whether it changes the value. */
static void
written(uintptr_t at, size_t length_bytes, enum hd_touch how)
{
    if (how == HD_TOUCH_WRITE) {
        hd.self->progress++;
    }
    if (how == HD_TOUCH_WRITE || how == HD_TOUCH_ATOMIC_WRITE) {
        hd_snapshot_written(at, length_bytes);
    }
}

void
hd_race_touch(uintptr_t at, size_t length_bytes, enum hd_touch how, uint32_t pc)
{
    uintptr_t end = at + length_bytes;

    if (hd_heap_has(at)) {
        hd_heap_check(at, length_bytes, how, pc);
    }
    if (at - hd.self->stack_low >= hd.self->stack_high - hd.self->stack_low) {
        written(at, length_bytes, how);
    }
    while (at < end) {
        unsigned offset = (unsigned)(at & 7);
        size_t part = end - at < 8 - offset ? end - at : 8 - offset;
        struct slot *slot = slot_of(at);

        if (slot == NULL) {
            return;
        }
        touch_slot(slot, at, (uint8_t)(((1U << part) - 1) << offset), how, pc);
        at += part;
    }
}

void
hd_clock_clear(struct hd_clock *clock)
{
    memset(clock->tick, 0, (size_t)hd.width * sizeof(clock->tick[0]));
}

void
hd_clock_join(uint32_t *clock, const uint32_t *other)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        if (other[i] > clock[i]) {
            clock[i] = other[i];
        }
    }
}

void
hd_clock_acquire(const struct hd_clock *clock)
{
    hd_clock_join(hd.self->clock, clock->tick);
}

void
hd_clock_release(struct hd_clock *clock)
{
    hd_clock_join(clock->tick, hd.self->clock);
    hd.self->clock[hd.self->id]++;
}
