#include "object.h"

#include <string.h>

#include "finding.h"

enum { TABLE_SIZE = 1 << 14, OBJECTS_MAX = 1 << 13 };

struct entry {
    uint64_t key;
    uint32_t stamp;
    uint32_t object;
};

static HD_OWN struct entry *table;
static HD_OWN struct hd_object *object;
static HD_OWN int objects;
static HD_OWN uint32_t objects_stamp;

const char *
hd_type_name(int type)
{
    static const char *const name[HD_TYPES] = {
        "object",    "mutex",     "condition variable", "rwlock",     "barrier",
        "semaphore", "spin lock", "once control",       "futex word", "atomic"};

    return name[type];
}

void
hd_object_init(void)
{
    table = hd_own_reserve(TABLE_SIZE * sizeof(*table));
    object = hd_own_reserve(OBJECTS_MAX * sizeof(*object));
}

static struct hd_object *
object_new(uint64_t at, enum hd_type type)
{
    struct hd_object *one;

    if (objects == OBJECTS_MAX) {
        hd_finding(HD_UNSUPPORTED, "more than %d objects in one execution",
                   OBJECTS_MAX);
    }
    one = &object[objects];
    objects++;
    one->at = at;
    one->type = (uint8_t)type;
    one->destroyed = false;
    one->made = false;
    one->owner = -1;
    one->taken = 0;
    one->count = 0;
    one->limit = 0;
    one->kind = 0;
    one->clock_id = 0;
    one->robust = false;
    one->inconsistent = false;
    one->ruined = false;
    one->bound = 0;
    one->waiters = 0;
    memset(one->holds, 0, sizeof(one->holds));
    memset(&one->clock, 0, sizeof(one->clock));
    memset(&one->own, 0, sizeof(one->own));
    return one;
}

static struct entry *
entry_of(uint64_t key)
{
    uint64_t at = (key * UINT64_C(0x9E3779B97F4A7C15)) >> 50;
    int probe;

    if (objects_stamp != hd.stamp) {
        objects_stamp = hd.stamp;
        objects = 0;
    }
    for (probe = 0; probe < TABLE_SIZE; probe++) {
        struct entry *entry = &table[(at + (uint64_t)probe) % TABLE_SIZE];

        if (entry->stamp != hd.stamp) {
            entry->stamp = hd.stamp;
            entry->key = key;
            entry->object = UINT32_MAX;
            return entry;
        }
        if (entry->key == key) {
            return entry;
        }
    }
    return &table[0];
}

struct hd_object *
hd_object_raw(uint64_t at, enum hd_type type)
{
    struct entry *entry = entry_of(at * HD_TYPES + (uint64_t)type);

    if (entry->object == UINT32_MAX) {
        entry->object = (uint32_t)(object_new(at, type) - object);
    }
    return &object[entry->object];
}

struct hd_object *
hd_object_nth(int index)
{
    if (objects_stamp != hd.stamp || index >= objects) {
        return NULL;
    }
    return &object[index];
}

static uint32_t
mark_of(uint64_t at, enum hd_type type, bool live)
{
    uint64_t mark = (at * 64 + (uint64_t)type * 2 + (live ? 1 : 0)) *
                    UINT64_C(0x9E3779B97F4A7C15);

    return (uint32_t)(mark >> 32) | 1;
}

static _Noreturn void
misuse(uint64_t at, enum hd_type type, uint32_t pc, const char *why)
{
    hd_finding_at(pc, at);
    hd_finding(HD_MISUSE, "use of a %s %s", hd_type_name((int)type), why);
}

struct hd_object *
hd_object_use(const void *pointer, enum hd_type type, bool may_be_static,
              uint32_t pc)
{
    uint64_t at = (uint64_t)(uintptr_t)pointer;
    uint32_t mark;
    struct hd_object *one;

    if (pointer == NULL) {
        misuse(at, type, pc, "at a null pointer");
    }
    hd_race_touch(at, 4, HD_TOUCH_ATOMIC_READ, pc);
    memcpy(&mark, pointer, sizeof(mark));
    if (mark == mark_of(at, type, false)) {
        misuse(at, type, pc, "that was destroyed");
    }
    one = hd_object_raw(at, type);
    if (mark == mark_of(at, type, true)) {
        return one;
    }
    if (mark == 0 && may_be_static) {
        if (one->made) {
            misuse(at, type, pc, "whose memory was cleared after its init");
        }
        return one;
    }
    misuse(at, type, pc, "that was never initialised, or is a copy");
}

struct hd_object *
hd_object_make(void *pointer, enum hd_type type, uint32_t pc)
{
    uint64_t at = (uint64_t)(uintptr_t)pointer;
    uint32_t mark = mark_of(at, type, true);
    struct hd_object *one = hd_object_raw(at, type);
    uint32_t stamp = one->stamp;

    hd_race_touch(at, 4, HD_TOUCH_ATOMIC_WRITE, pc);
    if (one->waiters > 0 || one->owner >= 0) {
        misuse(at, type, pc, "in an init while it is held or waited for");
    }
    memset(one, 0, sizeof(*one));
    one->at = at;
    one->stamp = stamp;
    one->type = (uint8_t)type;
    one->owner = -1;
    one->made = true;
    memcpy(pointer, &mark, sizeof(mark));
    return one;
}

void
hd_object_destroy(struct hd_object *one, uint32_t pc)
{
    uint32_t mark = mark_of(one->at, one->type, false);

    hd_race_touch(one->at, 4, HD_TOUCH_ATOMIC_WRITE, pc);
    memcpy((void *)one->at, &mark, sizeof(mark));
    one->destroyed = true;
}

void
hd_object_still(const struct hd_object *one, uint32_t pc)
{
    if (one->destroyed) {
        misuse(one->at, one->type, pc,
               "that was destroyed while the thread waited for it");
    }
}

uint64_t
hd_object_queue_place(const struct hd_object *one)
{
    return one->type == HD_TYPE_FUTEX ? one->at ^ (UINT64_C(1) << 56) : one->at;
}

void
hd_object_queue(struct hd_object *one, int thread)
{
    one->waiter[one->waiters] = (uint8_t)thread;
    one->waiters++;
}

bool
hd_object_unqueue(struct hd_object *one, int thread)
{
    int i;

    for (i = 0; i < one->waiters; i++) {
        if (one->waiter[i] == thread) {
            one->waiters--;
            memmove(&one->waiter[i], &one->waiter[i + 1],
                    (size_t)(one->waiters - i));
            return true;
        }
    }
    return false;
}
