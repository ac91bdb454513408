#include "access.h"

#include <string.h>

#include "death.h"
#include "finding.h"
#include "options.h"
#include "race.h"

enum { IDLE_MAX = 20000000 };

#define TSAN(type, name, ...)        \
    type __tsan_##name(__VA_ARGS__); \
    type __tsan_##name(__VA_ARGS__)

void
hd_access_plain(const void *at, size_t bytes, bool writes, const void *pc)
{
    struct hd_thread *self = hd.self;

    if (self == NULL) {
        return;
    }
    self->idle++;
    if (self->idle > IDLE_MAX) {
        hd_finding_at((uint32_t)(uintptr_t)pc, (uintptr_t)at);
        hd_finding(HD_LIVELOCK,
                   "thread %d made %d memory accesses without "
                   "one step that others can see: it loops",
                   self->id, IDLE_MAX);
    }
    hd_race_touch((uintptr_t)at, bytes, writes ? HD_TOUCH_WRITE : HD_TOUCH_READ,
                  (uint32_t)(uintptr_t)pc);
    if (writes && self->may_die) {
        hd_death_store((uintptr_t)at, bytes);
    }
}

void
hd_access_result(void *to, const void *from, size_t bytes, const void *pc)
{
    hd_access_plain(to, bytes, true, pc);
    memcpy(to, from, bytes);
}

#define PLAIN(name, bytes, writes)                     \
    TSAN(void, name, void *at)                         \
    {                                                  \
        hd_access_plain(at, bytes, writes, HD_CALLER); \
    }

#define SIZES(prefix, bytes)                 \
    PLAIN(prefix##read##bytes, bytes, false) \
    PLAIN(prefix##write##bytes, bytes, true)

SIZES(, 1)
SIZES(, 2)
SIZES(, 4)
SIZES(, 8)
SIZES(, 16)
SIZES(unaligned_, 2)
SIZES(unaligned_, 4)
SIZES(unaligned_, 8)
SIZES(unaligned_, 16)
SIZES(volatile_, 1)
SIZES(volatile_, 2)
SIZES(volatile_, 4)
SIZES(volatile_, 8)
SIZES(volatile_, 16)

TSAN(void, read_range, void *at, size_t bytes)
{
    hd_access_plain(at, bytes, false, HD_CALLER);
}

TSAN(void, write_range, void *at, size_t bytes)
{
    hd_access_plain(at, bytes, true, HD_CALLER);
}

TSAN(void, func_entry, void *pc)
{
    struct hd_thread *self = hd.self;

    if (self == NULL) {
        return;
    }
    if (self->frames < HD_FRAMES_MAX) {
        self->frame[self->frames] = (uint32_t)(uintptr_t)pc;
    }
    self->frames++;
}

TSAN(void, func_exit, void)
{
    if (hd.self != NULL && hd.self->frames > 0) {
        hd.self->frames--;
    }
}

TSAN(void, init, void)
{
}
