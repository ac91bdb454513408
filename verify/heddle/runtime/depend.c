#include "depend.h"

#include <string.h>

#include "finding.h"
#include "wakeup.h"

enum { TABLE_SIZE = 1 << 15, CELLS_MAX = 1 << 20, CONFLICTS_MAX = 512 };

struct cell {
    int32_t event;
    uint32_t access;
    uint32_t next;
};

struct entry {
    uint64_t key;
    uint32_t stamp;
    uint32_t cells; /* index of the first, 0: none */
    int32_t writer; /* thread of the last writing event */
    int32_t write;  /* that event, or -1 */
    int32_t other;  /* last write by another thread than writer */
};

static HD_OWN struct entry *table;
static HD_OWN struct cell *cell;
static HD_OWN uint32_t cells;
static HD_OWN uint32_t recycled;
static HD_OWN int last_global;
static HD_OWN int found[CONFLICTS_MAX];
static HD_OWN int founds;
static HD_OWN int note_after; /* races with events up to this one are void */

void
hd_depend_init(void)
{
    table = hd_own_reserve(TABLE_SIZE * sizeof(*table));
    cell = hd_own_reserve(CELLS_MAX * sizeof(*cell));
}

void
hd_depend_begin(void)
{
    cells = 1;
    recycled = 0;
    last_global = -1;
    hd.races = 0;
}

static struct entry *
entry_of(uint64_t key)
{
    uint64_t at = (key * UINT64_C(0x9E3779B97F4A7C15)) >> 49;
    int probe;

    for (probe = 0; probe < TABLE_SIZE; probe++) {
        struct entry *entry = &table[(at + (uint64_t)probe) % TABLE_SIZE];

        if (entry->stamp != hd.stamp) {
            *entry = (struct entry){key, hd.stamp, 0, -1, -1, -1};
            return entry;
        }
        if (entry->key == key) {
            return entry;
        }
    }
    return &table[0];
}

static void
found_add(int e)
{
    int i;

    for (i = founds; i > 0 && found[i - 1] < e; i--) {
        continue;
    }
    if ((i > 0 && found[i - 1] == e) || founds == CONFLICTS_MAX) {
        return;
    }
    memmove(&found[i + 1], &found[i], (size_t)(founds - i) * sizeof(found[0]));
    found[i] = e;
    founds++;
}

static bool
overlap(const struct hd_access *one, const struct hd_access *two)
{
    return one->at < two->at + two->bytes && two->at < one->at + one->bytes;
}

static bool
covers(const struct hd_access *late, const struct hd_access *early)
{
    return late->at <= early->at &&
           late->at + late->bytes >= early->at + early->bytes;
}

static void
collect_entry(const struct entry *entry, const struct hd_access *access)
{
    uint32_t i;

    for (i = entry->cells; i != 0; i = cell[i].next) {
        const struct hd_access *early =
            &hd.event[cell[i].event].op.access[cell[i].access];

        if (hd_mode_conflict(access->mode, early->mode) &&
            overlap(access, early)) {
            found_add(cell[i].event);
        }
    }
}

/* The events that op conflicts with, latest first. */
static void
collect(const struct hd_op *op)
{
    int i;
    uint64_t key;

    founds = 0;
    if (op->global) {
        for (i = 0; i < hd.width; i++) {
            if (hd.thread[i].state != HD_UNUSED && hd.thread[i].last >= 0) {
                found_add(hd.thread[i].last);
            }
        }
        return;
    }
    if (last_global >= 0) {
        found_add(last_global);
    }
    for (i = 0; i < op->accesses; i++) {
        const struct hd_access *access = &op->access[i];
        uint64_t end = access->at + access->bytes - 1;

        for (key = access->at >> 3; key <= end >> 3; key++) {
            collect_entry(entry_of(key), access);
        }
    }
}

static void
note(int first, int second)
{
    if (first <= note_after || hd_wakeup_full) {
        return;
    }
    if (hd.races == HD_RACES_MAX) {
        hd_finding_record(HD_UNSUPPORTED,
                          "more than %d races in one "
                          "execution are to be reversed",
                          HD_RACES_MAX);
        hd_wakeup_full = true;
        return;
    }
    hd.race[hd.races].first = first;
    hd.race[hd.races].second = second;
    hd.races++;
}

static bool
in(int e, const uint32_t *clock)
{
    return clock[hd.event[e].thread] >= hd.event[e].nth;
}

static void
join(uint32_t *clock, const uint32_t *other)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        if (other[i] > clock[i]) {
            clock[i] = other[i];
        }
    }
}

static const struct hd_access *
access_at(int e, uint64_t at)
{
    const struct hd_op *op = &hd.event[e].op;
    int i;

    for (i = 0; i < op->accesses; i++) {
        if (op->access[i].at == at) {
            return &op->access[i];
        }
    }
    return NULL;
}

/* Races of a blocking operation: with readers of the object while it was
 * ready, and with the last writer before which it was ready. An event that
 * conflicts without touching the object (a process's death) is a race like
 * any other, and orders what comes before it. */
static void
blocking_races(const struct hd_thread *thread, const struct hd_op *op, int e)
{
    uint64_t at = op->access[0].at;
    size_t size = (size_t)hd.width * sizeof(uint32_t);
    uint32_t all[HD_THREADS_MAX];
    uint32_t through[HD_THREADS_MAX];
    int i;
    int writer = -1;

    memcpy(all, thread->depends, size);
    memcpy(through, thread->depends, size);
    for (i = 0; i < founds; i++) {
        const struct hd_access *access = access_at(found[i], at);

        if (access == NULL) {
            if (!in(found[i], all)) {
                note(found[i], e);
            }
            join(through, hd.after[found[i]]);
        } else if (access->mode == HD_WRITE) {
            writer = writer < 0 ? found[i] : writer;
        } else if (thread->ready_before(thread, access->state) &&
                   !in(found[i], through) && found[i] > writer) {
            note(found[i], e);
        }
        join(all, hd.after[found[i]]);
    }
    while (writer >= 0) {
        const struct hd_access *access = access_at(writer, at);

        if (access == NULL || in(writer, through)) {
            return;
        }
        if (thread->ready_before(thread, access->state)) {
            note(writer, e);
            return;
        }
        writer = access->previous;
    }
}

static void
plain_races(const struct hd_thread *thread, int e)
{
    uint32_t clock[HD_THREADS_MAX];
    int i;

    memcpy(clock, thread->depends, (size_t)hd.width * sizeof(clock[0]));
    for (i = 0; i < founds; i++) {
        if (!in(found[i], clock)) {
            note(found[i], e);
        }
        join(clock, hd.after[found[i]]);
    }
}

static bool
wakes(const struct hd_thread *thread, const struct hd_op *op)
{
    int i;
    int j;

    for (i = 0; i < op->accesses; i++) {
        for (j = 0; j < thread->spin_objects; j++) {
            if (op->access[i].mode != HD_READ &&
                op->access[i].at >> 3 == thread->spin_object[j] >> 3) {
                return true;
            }
        }
    }
    return false;
}

/* A spinning thread was not ready before the first write that it waited
 * for: the operation can be reversed only with later ones. */
static int
first_wake(const struct hd_thread *thread, int e)
{
    int i;

    for (i = thread->spin_since; i < e; i++) {
        if (hd.event[i].thread != thread->id &&
            wakes(thread, &hd.event[i].op)) {
            return i;
        }
    }
    return e;
}

static void
races(const struct hd_thread *thread, const struct hd_op *op, int e)
{
    if (hd.unreduced || e < hd.races_from) {
        return;
    }
    note_after = thread->spinning ? first_wake(thread, e) : -1;
    if (thread->ready_before != NULL) {
        blocking_races(thread, op, e);
    } else if (thread->ready == NULL) {
        plain_races(thread, e);
    }
}

static uint32_t
cell_new(void)
{
    uint32_t at = recycled;

    if (at != 0) {
        recycled = cell[at].next;
        return at;
    }
    return cells < CELLS_MAX - 1 ? cells++ : cells;
}

/* Drop what the new access hides from every later event. */
static void
prune(struct entry *entry, const struct hd_access *access, int thread)
{
    uint32_t *link = &entry->cells;

    while (*link != 0) {
        struct cell *old = &cell[*link];
        const struct hd_event *event = &hd.event[old->event];
        const struct hd_access *early = &event->op.access[old->access];
        bool hidden = access->mode == HD_WRITE ||
                      (early->mode == access->mode && event->thread == thread);

        if (hidden && covers(access, early)) {
            uint32_t gone = *link;

            *link = old->next;
            old->next = recycled;
            recycled = gone;
        } else {
            link = &old->next;
        }
    }
}

static void
entry_write(struct entry *entry, int e, int thread)
{
    if (entry->writer != thread) {
        entry->other = entry->write;
        entry->writer = thread;
    }
    entry->write = e;
}

static void
enter(int e, struct hd_event *event, int i)
{
    struct hd_access *access = &event->op.access[i];
    uint64_t end = access->at + access->bytes - 1;
    uint64_t key;

    for (key = access->at >> 3; key <= end >> 3; key++) {
        struct entry *entry = entry_of(key);
        uint32_t fresh;

        access->previous = entry->write;
        prune(entry, access, event->thread);
        fresh = cell_new();
        cell[fresh] = (struct cell){e, (uint32_t)i, entry->cells};
        entry->cells = fresh;
        if (access->mode != HD_READ) {
            entry_write(entry, e, event->thread);
        }
    }
}

void
hd_depend_event(int e)
{
    struct hd_event *event = &hd.event[e];
    struct hd_thread *thread = &hd.thread[event->thread];
    size_t size = (size_t)hd.width * sizeof(uint32_t);
    int i;

    collect(&event->op);
    if (!thread->expires) {
        races(thread, &event->op, e);
    }
    memcpy(hd.before[e], thread->depends, size);
    for (i = 0; i < founds; i++) {
        join(thread->depends, hd.after[found[i]]);
    }
    thread->depends[event->thread] = event->nth;
    memcpy(hd.after[e], thread->depends, size);
    for (i = 0; i < event->op.accesses; i++) {
        enter(e, event, i);
    }
    if (event->op.global) {
        last_global = e;
    }
}

void
hd_depend_missed(int e)
{
    const struct hd_thread *thread = &hd.thread[hd.event[e].thread];
    int missed = hd_missed_at() + e;
    struct hd_event *event = &hd.event[missed];

    if (hd.unreduced || e < hd.races_from || thread->ready_before == NULL) {
        return;
    }
    *event = hd.event[e];
    event->op.accesses = 1;
    event->op.access[0].mode = HD_WRITE;
    memcpy(hd.before[missed], thread->depends,
           (size_t)hd.width * sizeof(uint32_t));
    collect(&event->op);
    races(thread, &event->op, missed);
}

void
hd_depend_pending(const struct hd_thread *thread, int e)
{
    struct hd_event *event = &hd.event[e];

    event->op = thread->next;
    event->thread = (int16_t)thread->id;
    event->choice = 0;
    event->nth = thread->steps + 1;
    event->earlier = thread->last;
    memcpy(hd.before[e], thread->depends, (size_t)hd.width * sizeof(uint32_t));
    collect(&event->op);
    races(thread, &event->op, e);
}

int
hd_depend_foreign(uint64_t at, int thread)
{
    const struct entry *entry = entry_of(at >> 3);

    return entry->writer == thread ? entry->other : entry->write;
}
