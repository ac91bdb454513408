#include "snapshot.h"

#include <string.h>

#include "own.h"

/* From the linker. */
extern char __data_start[];
extern char _end[];
extern char __start_heddle_own[];
extern char __stop_heddle_own[];

enum { PAGE_BYTES = 1024, WHOLE_BYTES = 8192 };

struct part {
    uintptr_t low;
    size_t length_bytes;
    char *copy;
    unsigned char *dirty; /* NULL: copied whole */
    uint32_t *list;       /* dirty pages */
    uint32_t listed;
};

static HD_OWN struct part part[2];

static void
part_take(struct part *one, const char *low, const char *high)
{
    one->low = (uintptr_t)low;
    one->length_bytes = high > low ? (size_t)(high - low) : 0;
    one->copy = hd_own_reserve(one->length_bytes + 1);
    memcpy(one->copy, low, one->length_bytes);
    if (one->length_bytes > WHOLE_BYTES) {
        size_t pages = one->length_bytes / PAGE_BYTES + 1;

        one->dirty = hd_own_reserve(pages);
        one->list = hd_own_reserve(pages * sizeof(*one->list));
    }
}

void
hd_snapshot_take(void)
{
    part_take(&part[0], __data_start, __start_heddle_own);
    part_take(&part[1], __stop_heddle_own, _end);
}

void
hd_snapshot_bounds(uintptr_t *low, uintptr_t *high)
{
    *low = (uintptr_t)__data_start;
    *high = (uintptr_t)_end;
}

static void
part_restore(struct part *one)
{
    uint32_t i;

    if (one->dirty == NULL) {
        memcpy((void *)one->low, one->copy, one->length_bytes);
        return;
    }
    for (i = 0; i < one->listed; i++) {
        size_t at = (size_t)one->list[i] * PAGE_BYTES;
        size_t left = one->length_bytes - at;

        memcpy((void *)(one->low + at), one->copy + at,
               left < PAGE_BYTES ? left : PAGE_BYTES);
        one->dirty[one->list[i]] = 0;
    }
    one->listed = 0;
}

void
hd_snapshot_restore(void)
{
    part_restore(&part[0]);
    part_restore(&part[1]);
}

bool
hd_snapshot_compare(void)
{
    bool same = true;
    int i;

    for (i = 0; i < 2; i++) {
        struct part *one = &part[i];

        if (one->dirty != NULL &&
            memcmp((const void *)one->low, one->copy, one->length_bytes) != 0) {
            one->dirty = NULL;
            same = false;
        }
    }
    return same;
}

static void
part_written(struct part *one, uintptr_t at, size_t length_bytes)
{
    size_t page = (at - one->low) / PAGE_BYTES;
    size_t last = (at + length_bytes - 1 - one->low) / PAGE_BYTES;

    for (; page <= last && page * PAGE_BYTES < one->length_bytes; page++) {
        if (one->dirty[page] == 0) {
            one->dirty[page] = 1;
            one->list[one->listed] = (uint32_t)page;
            one->listed++;
        }
    }
}

void
hd_snapshot_written(uintptr_t at, size_t length_bytes)
{
    int i;

    for (i = 0; i < 2; i++) {
        if (part[i].dirty != NULL && at - part[i].low < part[i].length_bytes) {
            part_written(&part[i], at, length_bytes);
        }
    }
}
