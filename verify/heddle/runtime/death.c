#include "death.h"

#include <string.h>

#include "finding.h"
#include "mutex.h"
#include "object.h"
#include "options.h"
#include "shared.h"

enum { STORES_MAX = 512, STORE_BYTES = 64, VARIANTS_MAX = 16, EXACT_MAX = 4 };

struct store {
    uintptr_t at;
    size_t length_bytes;
    unsigned char before[STORE_BYTES];
};

struct record {
    int stores;
    bool full;
    struct store store[STORES_MAX];
};

static HD_OWN struct record *record;

void
hd_death_begin(void)
{
    int i;

    if (record == NULL) {
        record = hd_own_reserve(HD_THREADS_MAX * sizeof(*record));
    }
    for (i = 0; i < HD_THREADS_MAX; i++) {
        record[i].stores = 0;
    }
}

static void
store_one(struct record *mine, uintptr_t at, size_t length_bytes)
{
    struct store *store;

    if (mine->stores == STORES_MAX) {
        hd_shared->inexact = true;
        return;
    }
    store = &mine->store[mine->stores];
    store->at = at;
    store->length_bytes = length_bytes;
    memcpy(store->before, (const void *)at, length_bytes);
    mine->stores++;
}

void
hd_death_store(uintptr_t at, size_t length_bytes)
{
    const struct hd_thread *self = hd.self;

    if (at - self->stack_low < self->stack_high - self->stack_low) {
        return;
    }
    while (length_bytes > 0) {
        size_t part = length_bytes < STORE_BYTES ? length_bytes : STORE_BYTES;

        store_one(&record[self->id], at, part);
        at += part;
        length_bytes -= part;
    }
}

void
hd_death_settle(struct hd_thread *thread)
{
    if (record != NULL) {
        record[thread->id].stores = 0;
    }
}

/* Which of the stores are missing, in way number `variant` of dying: with
 * few stores every subset; with many all, none, each one alone, and each
 * beginning of them. */
static int
variants(int stores)
{
    if (stores <= EXACT_MAX) {
        return 1 << stores;
    }
    return VARIANTS_MAX;
}

static bool
is_lost(int variant, int stores, int index)
{
    if (stores <= EXACT_MAX) {
        return (variant >> index & 1) != 0;
    }
    if (variant < 2) {
        return variant == 1;
    }
    if (variant < 9) {
        return index == (variant - 2) * (stores - 1) / 6;
    }
    return index >= 1 + (variant - 9) * (stores - 2) / 6;
}

uint64_t
hd_death_alternatives(const struct hd_thread *thread)
{
    int count;

    if (hd.deaths >= hd_options.deaths || thread->dying ||
        thread->next.kind == HD_OP_START) {
        return 0;
    }
    count = variants(record[thread->id].stores);
    return ((UINT64_C(1) << count) - 1) << HD_DEATH_CHOICE;
}

/* A death by process takes all of the process's threads with it. */
static bool
dies_too(const struct hd_thread *victim, const struct hd_thread *other)
{
    return other->state == HD_LIVE &&
           (other == victim ||
            (victim->process != 0 && other->process == victim->process));
}

void
hd_death_releases(const struct hd_thread *thread, struct hd_op *op)
{
    struct hd_object *object;
    int i;

    for (i = 0; (object = hd_object_nth(i)) != NULL; i++) {
        if (object->type == HD_TYPE_MUTEX && object->robust &&
            object->owner == thread->id) {
            hd_op_touch(op, object->at, 1, HD_WRITE);
            op->access[op->accesses - 1].state = hd_mutex_state(object);
        }
    }
}

static void
queues(const struct hd_thread *thread, struct hd_op *op)
{
    struct hd_object *object;
    int i;
    int j;

    for (i = 0; (object = hd_object_nth(i)) != NULL; i++) {
        for (j = 0; j < object->waiters; j++) {
            if (object->waiter[j] == thread->id) {
                hd_op_touch(op, hd_object_queue_place(object), 1, HD_WRITE);
            }
        }
    }
}

/* What the thread waits for, if it waits. */
static void
waits_for(const struct hd_thread *thread, struct hd_op *op)
{
    struct hd_op wanted = thread->next;
    int i;

    if (hd_ready(thread)) {
        return;
    }
    if (thread->refine != NULL) {
        thread->refine(thread, &wanted);
    }
    if (thread->timed) {
        wanted.accesses = 1;
    }
    for (i = 0; i < wanted.accesses; i++) {
        hd_op_touch(op, wanted.access[i].at, wanted.access[i].bytes, HD_WRITE);
        op->access[op->accesses - 1].state = wanted.access[i].state;
    }
    for (i = 0; thread->spinning && i < thread->spin_objects; i++) {
        hd_op_touch(op, thread->spin_object[i], 1, HD_WRITE);
    }
}

/* The robust mutex that the thread took last, of those that it holds. */
static struct hd_object *
last_taken(const struct hd_thread *thread)
{
    struct hd_object *object;
    struct hd_object *last = NULL;
    int i;

    for (i = 0; (object = hd_object_nth(i)) != NULL; i++) {
        if (object->type == HD_TYPE_MUTEX && object->robust &&
            object->owner == thread->id &&
            (last == NULL || object->taken > last->taken)) {
            last = object;
        }
    }
    return last;
}

static void
touches(const struct hd_thread *thread, struct hd_op *op)
{
    int i;

    hd_op_touch(op, HD_OBJECT_BUDGET, 1, HD_WRITE);
    for (i = 0; i < hd.width; i++) {
        if (dies_too(thread, &hd.thread[i])) {
            if (last_taken(&hd.thread[i]) == NULL) {
                hd_op_touch(op, HD_OBJECT_THREAD(i), 1, HD_WRITE);
            }
            queues(&hd.thread[i], op);
            waits_for(&hd.thread[i], op);
        }
    }
    if (thread->process != 0) {
        op->global = true;
    }
}

/* For the picture: how many stores there were, and how many are missing. */
static uint64_t
losses(const struct hd_thread *thread)
{
    const struct record *mine = &record[thread->id];
    int variant = thread->choice - HD_DEATH_CHOICE;
    uint64_t lost = 0;
    int i;

    for (i = 0; i < mine->stores; i++) {
        lost += is_lost(variant, mine->stores, i);
    }
    return lost << 32 | (uint64_t)mine->stores;
}

void
hd_death_prepare(struct hd_thread *thread)
{
    struct hd_op death;

    hd_op_init(&death, HD_OP_DEATH, thread->next.pc);
    touches(thread, &death);
    thread->next = death;
    thread->next.value = losses(thread);
    thread->refine = NULL;
    thread->ready = NULL;
    thread->ready_before = NULL;
    thread->timed = false;
    thread->spinning = false;
}

static void
lose_stores(const struct hd_thread *thread)
{
    struct record *mine = &record[thread->id];
    int variant = thread->choice - HD_DEATH_CHOICE;
    int i;

    if (mine->stores > EXACT_MAX) {
        hd_shared->inexact = true;
    }
    for (i = mine->stores - 1; i >= 0; i--) {
        const struct store *store = &mine->store[i];

        if (is_lost(variant, mine->stores, i)) {
            memcpy((void *)store->at, store->before, store->length_bytes);
        }
    }
    mine->stores = 0;
}

void
hd_death_abandon(struct hd_thread *thread)
{
    struct hd_object *object;
    int i;

    for (i = 0; (object = hd_object_nth(i)) != NULL; i++) {
        if (object->type == HD_TYPE_MUTEX && object->robust &&
            object->owner == thread->id) {
            hd_mutex_abandon(object);
        }
    }
}

static void
leave_queues(const struct hd_thread *thread)
{
    struct hd_object *object;
    int i;

    for (i = 0; (object = hd_object_nth(i)) != NULL; i++) {
        hd_object_unqueue(object, thread->id);
    }
}

static void
refine_lapse(const struct hd_thread *thread, struct hd_op *op)
{
    op->access[0].state = hd_mutex_state(thread->object);
}

/* What the dead thread does next; without a mutex it is gone. */
static void
lapse_next(struct hd_thread *thread)
{
    struct hd_object *mutex = last_taken(thread);
    struct hd_op *op = &thread->next;

    if (mutex == NULL) {
        thread->dying = false;
        thread->state = HD_DEAD;
        thread->result = NULL;
        hd.live &= ~(UINT64_C(1) << thread->id);
        return;
    }
    hd_op_init(op, HD_OP_LAPSE, op->pc);
    hd_op_touch(op, mutex->at, 1, HD_WRITE);
    hd_op_touch(op, HD_OBJECT_THREAD(thread->id), 1, HD_WRITE);
    thread->object = mutex;
    thread->refine = refine_lapse;
    thread->ready = NULL;
    thread->ready_before = NULL;
    thread->choices = NULL;
    thread->timed = false;
    thread->spinning = false;
}

void
hd_death_lapse(struct hd_thread *thread)
{
    hd_mutex_abandon(thread->object);
    lapse_next(thread);
}

void
hd_death_happens(struct hd_thread *thread)
{
    int i;

    hd.deaths++;
    lose_stores(thread);
    for (i = 0; i < hd.width; i++) {
        struct hd_thread *one = &hd.thread[i];

        if (dies_too(thread, one)) {
            leave_queues(one);
            one->dying = true;
            lapse_next(one);
        }
    }
}

void
hd_death_union(const struct hd_thread *thread, struct hd_op *op)
{
    if (hd.deaths < hd_options.deaths && thread->may_die &&
        thread->state == HD_LIVE && !thread->dying) {
        touches(thread, op);
    }
}
