/*
 * Idea: C11 and __atomic operations of every size, as the compiler's thread
 * sanitizer instrumentation calls them.
 *
 * Values are sequentially consistent: a load gets the last store. Orders
 * decide what happens before what: a load-acquire that gets a value stored
 * with release, directly or through a release sequence or fences, orders
 * what came before the store before what follows the load. Relaxed
 * operations order nothing, so that data reached through them races.
 *
 * Invariants
 *   1. object->clock is what an acquiring load of the current value learns;
 *      object->own that part of it which the thread object->owner released.
 * Who may call: compiler-generated code.
 * Source: ISO/IEC 9899:2011, 5.1.2.4 and 7.17.
 */
#include <string.h>

#include "access.h"
#include "death.h"
#include "finding.h"
#include "object.h"
#include "options.h"
#include "race.h"
#include "spin.h"

__extension__ typedef unsigned __int128 wide;

enum order { RELAXED, CONSUME, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST };

static bool
acquires(int order)
{
    return order != RELAXED && order != RELEASE;
}

static bool
releases(int order)
{
    return order == RELEASE || order == ACQ_REL || order == SEQ_CST;
}

static struct hd_object *
clock_of(const volatile void *at)
{
    return hd_object_raw((uint64_t)(uintptr_t)at, HD_TYPE_ATOMIC);
}

static void
learn(const struct hd_object *object, int order)
{
    hd_clock_join(acquires(order) ? hd.self->clock : hd.self->acquired,
                  object->clock.tick);
}

static void
copy(uint32_t *to, const uint32_t *from)
{
    memcpy(to, from, (size_t)hd.width * sizeof(*to));
}

/* A store starts a new release sequence, unless it is relaxed and by the
 * thread that heads the old one. */
static void
publish(struct hd_object *object, int order)
{
    struct hd_thread *self = hd.self;

    if (releases(order)) {
        copy(object->clock.tick, self->clock);
        copy(object->own.tick, self->clock);
        self->clock[self->id]++;
        hd_death_settle(self);
    } else if (object->owner == self->id) {
        hd_clock_join(object->own.tick, self->released);
        copy(object->clock.tick, object->own.tick);
    } else {
        copy(object->clock.tick, self->released);
        copy(object->own.tick, self->released);
    }
    object->owner = self->id;
}

/* A read-modify-write goes on with the release sequence that it found. */
static void
publish_more(struct hd_object *object, int order)
{
    struct hd_thread *self = hd.self;
    const uint32_t *from = releases(order) ? self->clock : self->released;

    hd_clock_join(object->clock.tick, from);
    if (object->owner == self->id) {
        hd_clock_join(object->own.tick, from);
    }
    if (releases(order)) {
        self->clock[self->id]++;
        hd_death_settle(self);
    }
}

static struct hd_op *
describe(enum hd_kind kind, const volatile void *at, uint32_t bytes,
         enum hd_mode mode, const void *pc)
{
    struct hd_op *op = hd_next(kind, pc);

    hd_op_touch(op, (uint64_t)(uintptr_t)at, bytes, mode);
    return op;
}

static void
touch(const volatile void *at, size_t bytes, bool writes, const void *pc)
{
    hd_race_touch((uintptr_t)at, bytes,
                  writes ? HD_TOUCH_ATOMIC_WRITE : HD_TOUCH_ATOMIC_READ,
                  (uint32_t)(uintptr_t)pc);
}

/* Before a load, once the thread may do it. */
static void
load_step(const volatile void *at, uint32_t bytes, int order, const void *pc)
{
    describe(HD_OP_LOAD, at, bytes, HD_READ, pc);
    hd_spin_visit();
    hd_step();
    touch(at, bytes, false, pc);
    learn(clock_of(at), order);
}

static void
store_step(const volatile void *at, uint32_t bytes, uint64_t value, int order,
           const void *pc)
{
    describe(HD_OP_STORE, at, bytes, HD_WRITE, pc)->value = value;
    hd_step();
    touch(at, bytes, true, pc);
    publish(clock_of(at), order);
    hd_progress();
}

enum change { EXCHANGE, ADD, SUB, AND, OR, XOR, NAND };

static wide
changed(enum change change, wide old, wide by)
{
    switch (change) {
    case ADD:
        return old + by;
    case SUB:
        return old - by;
    case AND:
        return old & by;
    case OR:
        return old | by;
    case XOR:
        return old ^ by;
    case NAND:
        return ~(old & by);
    case EXCHANGE:
        break;
    }
    return by;
}

static wide
get(const volatile void *at, uint32_t bytes)
{
    wide got = 0;

    memcpy(&got, (const void *)(uintptr_t)at, bytes);
    return got;
}

static void
put(volatile void *at, uint32_t bytes, wide value)
{
    memcpy((void *)(uintptr_t)at, &value, bytes);
}

static wide
cut(wide value, uint32_t bytes)
{
    return bytes == 16 ? value : value & (((wide)1 << (bytes * 8)) - 1);
}

/* The change and its operand, while a read-modify-write waits its turn. */
struct change_wanted {
    enum change change;
    wide by;
    int order;
    bool again;
};

/* One that leaves the value as it is only looks, unless it releases: then it
 * still orders, and who comes first matters. An exchange that a thread
 * repeats in vain only looks: it has released all that before. So a
 * test-and-set lock that is spun on disturbs nobody. */
static void
refine_change(const struct hd_thread *thread, struct hd_op *op)
{
    const struct change_wanted *want = thread->object;
    uint32_t bytes = op->access[0].bytes;
    wide old = get((void *)(uintptr_t)op->access[0].at, bytes);
    bool same = cut(changed(want->change, old, want->by), bytes) == old;
    bool orders =
        releases(want->order) && (want->change != EXCHANGE || !want->again);

    op->access[0].mode = same && !orders ? HD_READ : HD_WRITE;
}

static wide
rmw(volatile void *at, uint32_t bytes, enum change change, wide by, int order,
    const void *pc)
{
    struct change_wanted want = {change, by, order, false};
    struct hd_object *object;
    wide old;
    wide now;

    describe(HD_OP_RMW, at, bytes, HD_WRITE, pc)->value = (uint64_t)by;
    hd.self->object = &want;
    hd.self->refine = refine_change;
    want.again = hd_spin_visit();
    hd_step();
    old = get(at, bytes);
    now = cut(changed(change, old, by), bytes);
    touch(at, bytes, true, pc);
    object = clock_of(at);
    learn(object, order);
    publish_more(object, order);
    put(at, bytes, now);
    if (now != old) {
        hd_progress();
    }
    return old;
}

/* What a compare-exchange wants, while it waits its turn. */
struct exchange_wanted {
    wide expected;
    bool weak;
};

static bool
would_exchange(const struct hd_thread *thread)
{
    const struct exchange_wanted *want = thread->object;
    const struct hd_access *access = &thread->next.access[0];

    return get((void *)(uintptr_t)access->at, access->bytes) == want->expected;
}

/* One that fails only looks. What a thread that sleeps may do is both. */
static void
refine_cas(const struct hd_thread *thread, struct hd_op *op)
{
    bool spurned = thread == hd.self && thread->choice == 1;

    op->access[0].mode =
        would_exchange(thread) && !spurned ? HD_WRITE : HD_READ;
}

/* With --spurious a weak one may fail for nothing, once before it is tried
 * again. */
static int
cas_choices(const struct hd_thread *thread)
{
    const struct exchange_wanted *want = thread->object;

    return want->weak && hd_options.spurious && !thread->spurned &&
                   would_exchange(thread)
               ? 2
               : 1;
}

/* True if it exchanged; *expected is what was there. */
static bool
cas(volatile void *at, uint32_t bytes, wide *expected, wide value, bool weak,
    int order, int failed, const void *pc)
{
    struct exchange_wanted want = {*expected, weak};
    struct hd_object *object;
    wide old;

    describe(HD_OP_CAS, at, bytes, HD_WRITE, pc)->value = (uint64_t)value;
    hd.self->object = &want;
    hd.self->refine = refine_cas;
    hd.self->choices = cas_choices;
    if (!hd.self->spurned) {
        hd_spin_visit();
    }
    hd_step();
    old = get(at, bytes);
    *expected = old;
    object = clock_of(at);
    hd.self->spurned = old == want.expected && hd.self->choice == 1;
    if (old != want.expected || hd.self->spurned) {
        touch(at, bytes, false, pc);
        learn(object, failed);
        return false;
    }
    touch(at, bytes, true, pc);
    learn(object, order);
    publish_more(object, order);
    put(at, bytes, value);
    if (old != value) {
        hd_progress();
    }
    return true;
}

static void
fence(int order, const void *pc)
{
    struct hd_thread *self = hd.self;

    (void)pc;
    if (acquires(order)) {
        hd_clock_join(self->clock, self->acquired);
    }
    if (releases(order)) {
        copy(self->released, self->clock);
        self->clock[self->id]++;
        hd_death_settle(self);
    }
}

#define TSAN(type, name, ...)        \
    type __tsan_##name(__VA_ARGS__); \
    type __tsan_##name(__VA_ARGS__)

#define TSAN_LOOP(type, name, ...)                  \
    HD_STUB("__tsan_" #name, "hd_loop_tsan_" #name) \
    type hd_loop_tsan_##name(__VA_ARGS__);          \
    type hd_loop_tsan_##name(__VA_ARGS__)

#define CHANGES(bits, type, name, change)                              \
    TSAN_LOOP(type, atomic##bits##_##name, volatile type *at, type by, \
              int order)                                               \
    {                                                                  \
        return (type)rmw(at, bits / 8, change, by, order, HD_CALLER);  \
    }

#define EXCHANGES(bits, type, name, weak)                                     \
    TSAN_LOOP(int, atomic##bits##_compare_exchange_##name, volatile type *at, \
              type *expected, type value, int order, int failed)              \
    {                                                                         \
        wide was = *expected;                                                 \
        bool done =                                                           \
            cas(at, bits / 8, &was, value, weak, order, failed, HD_CALLER);   \
        type old = (type)was;                                                 \
                                                                              \
        if (!done) {                                                          \
            hd_access_result(expected, &old, sizeof(old), HD_CALLER);         \
        }                                                                     \
        return done;                                                          \
    }

#define ATOMICS(bits, type)                                                    \
    TSAN_LOOP(type, atomic##bits##_load, const volatile type *at, int order)   \
    {                                                                          \
        load_step(at, bits / 8, order, HD_CALLER);                             \
        return (type)get(at, bits / 8);                                        \
    }                                                                          \
    TSAN(void, atomic##bits##_store, volatile type *at, type value, int order) \
    {                                                                          \
        store_step(at, bits / 8, (uint64_t)value, order, HD_CALLER);           \
        put(at, bits / 8, value);                                              \
    }                                                                          \
    CHANGES(bits, type, exchange, EXCHANGE)                                    \
    CHANGES(bits, type, fetch_add, ADD)                                        \
    CHANGES(bits, type, fetch_sub, SUB)                                        \
    CHANGES(bits, type, fetch_and, AND)                                        \
    CHANGES(bits, type, fetch_or, OR)                                          \
    CHANGES(bits, type, fetch_xor, XOR)                                        \
    CHANGES(bits, type, fetch_nand, NAND)                                      \
    EXCHANGES(bits, type, strong, false)                                       \
    EXCHANGES(bits, type, weak, true)                                          \
    TSAN_LOOP(type, atomic##bits##_compare_exchange_val, volatile type *at,    \
              type expected, type value, int order, int failed)                \
    {                                                                          \
        wide was = expected;                                                   \
                                                                               \
        cas(at, bits / 8, &was, value, false, order, failed, HD_CALLER);       \
        return (type)was;                                                      \
    }

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)
ATOMICS(128, wide)

TSAN(void, atomic_thread_fence, int order)
{
    fence(order, HD_CALLER);
}

TSAN(void, atomic_signal_fence, int order)
{
    (void)order;
}
