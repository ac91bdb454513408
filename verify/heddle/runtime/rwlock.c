/*
 * Idea: reader-writer locks. The state that decides readiness is the number
 * of readers, or minus one while a writer holds; plus WRITER_WAITS where that
 * keeps readers out.
 *
 * Any waiting thread may be let in. A lock of kind
 * PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP keeps readers out while a
 * writer waits: there, a writer first queues in a step of its own.
 *
 * Invariants
 *   1. owner >= 0 exactly while a writer holds; count is the readers, and
 *      holds[t] those of thread t.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "access.h"
#include "finding.h"
#include "moment.h"
#include "object.h"
#include "spin.h"

enum { ATTRIBUTES_MARK = 0x4868, KIND_AT = 48, WRITER_WAITS = 1000 };

struct attributes {
    uint16_t mark;
    uint8_t kind;
    uint8_t shared;
};

static uint32_t
place(const void *pc)
{
    return (uint32_t)(uintptr_t)pc;
}

static struct hd_object *
use(pthread_rwlock_t *pointer, const void *pc)
{
    struct hd_object *lock =
        hd_object_use(pointer, HD_TYPE_RWLOCK, true, place(pc));

    if (!lock->made) {
        int32_t kind;

        memcpy(&kind, (const char *)pointer + KIND_AT, sizeof(kind));
        lock->kind = kind;
    }
    return lock;
}

static bool
writers_first(const struct hd_object *lock)
{
    return lock->kind == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

static int32_t
state_of(const struct hd_object *lock)
{
    if (lock->owner >= 0) {
        return -1;
    }
    return lock->count +
           (writers_first(lock) && lock->limit > 0 ? WRITER_WAITS : 0);
}

static bool
can_read(const struct hd_thread *thread)
{
    const struct hd_object *lock = thread->object;

    return lock->destroyed ||
           (lock->owner < 0 && (!writers_first(lock) || lock->limit == 0));
}

static bool
can_write(const struct hd_thread *thread)
{
    const struct hd_object *lock = thread->object;

    return lock->destroyed || (lock->owner < 0 && lock->count == 0);
}

static bool
could_read(const struct hd_thread *thread, int32_t state)
{
    (void)thread;
    return state >= 0 && state < WRITER_WAITS;
}

static bool
could_write(const struct hd_thread *thread, int32_t state)
{
    (void)thread;
    return state == 0 || state == WRITER_WAITS;
}

static void
refine_state(const struct hd_thread *thread, struct hd_op *op)
{
    op->access[0].state = state_of(thread->object);
}

static void
describe(enum hd_kind kind, struct hd_object *lock, const void *pc)
{
    hd_op_touch(hd_next(kind, pc), lock->at, 1, HD_WRITE);
    hd.self->object = lock;
    hd.self->refine = refine_state;
}

static void
take_read(struct hd_object *lock)
{
    lock->count++;
    lock->holds[hd.self->id]++;
    hd_clock_acquire(&lock->clock);
    hd_progress();
}

/* A writer comes after readers too: their releases are in the other clock. */
static void
take_write(struct hd_object *lock)
{
    lock->owner = hd.self->id;
    hd_clock_acquire(&lock->clock);
    hd_clock_acquire(&lock->own);
    hd_progress();
}

/* A writer that keeps new readers out while it waits. */
static void
announce(struct hd_object *lock, const void *pc)
{
    describe(HD_OP_ANNOUNCE, lock, pc);
    hd_step();
    hd_object_still(lock, place(pc));
    lock->limit++;
}

static int
read_lock(pthread_rwlock_t *pointer, const void *pc)
{
    struct hd_object *lock = use(pointer, pc);

    if (lock->owner == hd.self->id) {
        return EDEADLK;
    }
    describe(HD_OP_RDLOCK, lock, pc);
    hd_next_blocks(can_read, could_read);
    hd_spin_visit();
    hd_step();
    hd_object_still(lock, place(pc));
    take_read(lock);
    return 0;
}

static int
write_lock(pthread_rwlock_t *pointer, const void *pc)
{
    struct hd_object *lock = use(pointer, pc);
    uint64_t local;

    if (lock->owner == hd.self->id) {
        return EDEADLK;
    }
    local = hd_spin_local();
    if (writers_first(lock)) {
        announce(lock, pc);
    }
    describe(HD_OP_WRLOCK, lock, pc);
    hd_next_blocks(can_write, could_write);
    hd_spin_visit_in(local);
    hd_step();
    hd_object_still(lock, place(pc));
    if (writers_first(lock)) {
        lock->limit--;
    }
    take_write(lock);
    return 0;
}

HD_LIBC_LOOP(int, pthread_rwlock_rdlock, pthread_rwlock_t *lock)
{
    return read_lock(lock, HD_CALLER);
}

HD_LIBC_LOOP(int, pthread_rwlock_wrlock, pthread_rwlock_t *lock)
{
    return write_lock(lock, HD_CALLER);
}

static void
refine_try_read(const struct hd_thread *thread, struct hd_op *op)
{
    refine_state(thread, op);
    op->access[0].mode = can_read(thread) ? HD_WRITE : HD_READ;
    op->accesses = 1;
    if (op->access[0].mode == HD_READ && thread->number == 1) {
        hd_op_touch(op, HD_OBJECT_CLOCK, 1, HD_ADD);
    }
}

static void
refine_try_write(const struct hd_thread *thread, struct hd_op *op)
{
    refine_state(thread, op);
    op->access[0].mode = can_write(thread) ? HD_WRITE : HD_READ;
    op->accesses = 1;
    if (op->access[0].mode == HD_READ && thread->number == 1) {
        hd_op_touch(op, HD_OBJECT_CLOCK, 1, HD_ADD);
        if (writers_first(thread->object)) {
            op->access[0].mode = HD_WRITE; /* it leaves the queue */
        }
    }
}

/* Take it if it can be had when the thread goes on. */
static bool
try_once(pthread_rwlock_t *pointer, enum hd_kind kind, bool writes, bool timed,
         int64_t until, const void *pc)
{
    struct hd_object *lock = use(pointer, pc);
    uint64_t local = hd_spin_local();
    bool queues = writes && timed && writers_first(lock);

    if (queues) {
        announce(lock, pc);
    }
    describe(kind, lock, pc);
    hd.self->number = timed;
    hd.self->refine = writes ? refine_try_write : refine_try_read;
    if (!timed || hd_moment_waits(until, writes ? can_write : can_read,
                                  writes ? could_write : could_read)) {
        hd_spin_visit_in(local);
    }
    hd_step();
    hd_object_still(lock, place(pc));
    lock->limit -= queues;
    if (!(writes ? can_write(hd.self) : can_read(hd.self))) {
        return false;
    }
    if (writes) {
        take_write(lock);
    } else {
        take_read(lock);
    }
    return true;
}

HD_LIBC_LOOP(int, pthread_rwlock_tryrdlock, pthread_rwlock_t *lock)
{
    return try_once(lock, HD_OP_TRYRDLOCK, false, false, 0, HD_CALLER) ? 0
                                                                       : EBUSY;
}

HD_LIBC_LOOP(int, pthread_rwlock_trywrlock, pthread_rwlock_t *lock)
{
    return try_once(lock, HD_OP_TRYWRLOCK, true, false, 0, HD_CALLER) ? 0
                                                                      : EBUSY;
}

static int
timed(pthread_rwlock_t *lock, bool writes, int clock_id,
      const struct timespec *deadline, const void *pc)
{
    int64_t until;

    if (use(lock, pc)->owner == hd.self->id) {
        return EDEADLK;
    }
    if (hd_moment_deadline(clock_id, deadline, &until) != 0) {
        return EINVAL;
    }
    if (hd_moment_never(until)) {
        return writes ? write_lock(lock, pc) : read_lock(lock, pc);
    }
    if (try_once(lock, writes ? HD_OP_TIMEDWRLOCK : HD_OP_TIMEDRDLOCK, writes,
                 true, until, pc)) {
        return 0;
    }
    hd_moment_expired(until);
    return ETIMEDOUT;
}

HD_LIBC_LOOP(int, pthread_rwlock_timedrdlock, pthread_rwlock_t *lock,
             const struct timespec *deadline)
{
    return timed(lock, false, CLOCK_REALTIME, deadline, HD_CALLER);
}

HD_LIBC_LOOP(int, pthread_rwlock_timedwrlock, pthread_rwlock_t *lock,
             const struct timespec *deadline)
{
    return timed(lock, true, CLOCK_REALTIME, deadline, HD_CALLER);
}

HD_LIBC_LOOP(int, pthread_rwlock_clockrdlock, pthread_rwlock_t *lock,
             clockid_t clock_id, const struct timespec *deadline)
{
    return timed(lock, false, clock_id, deadline, HD_CALLER);
}

HD_LIBC_LOOP(int, pthread_rwlock_clockwrlock, pthread_rwlock_t *lock,
             clockid_t clock_id, const struct timespec *deadline)
{
    return timed(lock, true, clock_id, deadline, HD_CALLER);
}

HD_LIBC(int, pthread_rwlock_unlock, pthread_rwlock_t *pointer)
{
    struct hd_object *lock = use(pointer, HD_CALLER);

    if (lock->owner != hd.self->id && lock->holds[hd.self->id] == 0) {
        hd_finding_at(place(HD_CALLER), lock->at);
        hd_finding(HD_MISUSE,
                   "thread %d unlocks a rwlock that it does not "
                   "hold",
                   hd.self->id);
    }
    describe(HD_OP_RWUNLOCK, lock, HD_CALLER);
    hd_step();
    if (lock->owner == hd.self->id) {
        hd_clock_release(&lock->clock);
        lock->owner = -1;
    } else {
        hd_clock_release(&lock->own);
        lock->count--;
        lock->holds[hd.self->id]--;
    }
    return 0;
}

HD_LIBC(int, pthread_rwlockattr_init, pthread_rwlockattr_t *to)
{
    struct attributes fresh = {ATTRIBUTES_MARK, 0, 0};

    hd_access_result(to, &fresh, sizeof(fresh), HD_CALLER);
    return 0;
}

static struct attributes *
attributes(const pthread_rwlockattr_t *from, bool writes, const void *pc)
{
    struct attributes *got = (struct attributes *)(uintptr_t)from;

    hd_access_plain(from, sizeof(*got), writes, pc);
    if (got->mark != ATTRIBUTES_MARK) {
        hd_finding_at(place(pc), (uintptr_t)from);
        hd_finding(HD_MISUSE, "use of rwlock attributes that were never "
                              "initialised");
    }
    return got;
}

HD_LIBC(int, pthread_rwlockattr_destroy, pthread_rwlockattr_t *to)
{
    attributes(to, true, HD_CALLER)->mark = 0;
    return 0;
}

HD_LIBC(int, pthread_rwlockattr_setkind_np, pthread_rwlockattr_t *to, int kind)
{
    attributes(to, true, HD_CALLER)->kind = (uint8_t)kind;
    return 0;
}

HD_LIBC(int, pthread_rwlockattr_setpshared, pthread_rwlockattr_t *to,
        int shared)
{
    attributes(to, true, HD_CALLER)->shared = shared == PTHREAD_PROCESS_SHARED;
    return 0;
}

HD_LIBC(int, pthread_rwlock_init, pthread_rwlock_t *pointer,
        const pthread_rwlockattr_t *with)
{
    struct hd_object *lock;

    hd_op_touch(hd_next(HD_OP_RWLOCK_INIT, HD_CALLER),
                (uint64_t)(uintptr_t)pointer, 1, HD_WRITE);
    hd_step();
    lock = hd_object_make(pointer, HD_TYPE_RWLOCK, place(HD_CALLER));
    if (with != NULL) {
        lock->kind = attributes(with, false, HD_CALLER)->kind;
    }
    hd_progress();
    return 0;
}

HD_LIBC(int, pthread_rwlock_destroy, pthread_rwlock_t *pointer)
{
    struct hd_object *lock = use(pointer, HD_CALLER);

    describe(HD_OP_RWLOCK_DESTROY, lock, HD_CALLER);
    hd_step();
    hd_object_still(lock, place(HD_CALLER));
    if (lock->owner >= 0 || lock->count > 0) {
        hd_finding_at(place(HD_CALLER), lock->at);
        hd_finding(HD_MISUSE, "thread %d destroys a rwlock that is held",
                   hd.self->id);
    }
    hd_object_destroy(lock, place(HD_CALLER));
    hd_progress();
    return 0;
}
