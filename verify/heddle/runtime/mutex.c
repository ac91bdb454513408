#include "mutex.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "access.h"
#include "finding.h"
#include "moment.h"
#include "spin.h"

/* Where glibc keeps the kind of a statically initialised mutex. */
enum { KIND_AT = 16, KIND_MASK = 3 };

static void
adopt_static_kind(struct hd_object *mutex)
{
    int32_t kind;

    memcpy(&kind, (const char *)(uintptr_t)mutex->at + KIND_AT, sizeof(kind));
    mutex->kind = kind & KIND_MASK;
}

struct hd_object *
hd_mutex_use(pthread_mutex_t *mutex, uint32_t pc)
{
    struct hd_object *one = hd_object_use(mutex, HD_TYPE_MUTEX, true, pc);

    if (!one->made) {
        adopt_static_kind(one);
    }
    return one;
}

int32_t
hd_mutex_state(const struct hd_object *mutex)
{
    return mutex->owner + 1;
}

static bool
is_free(const struct hd_thread *thread)
{
    const struct hd_object *mutex = thread->object;

    return mutex->owner < 0 || mutex->destroyed;
}

static bool
was_free(const struct hd_thread *thread, int32_t state)
{
    (void)thread;
    return state == 0;
}

static void
refine_state(const struct hd_thread *thread, struct hd_op *op)
{
    op->access[0].state = hd_mutex_state(thread->object);
}

/* A trylock that fails only looks. */
static void
refine_try(const struct hd_thread *thread, struct hd_op *op)
{
    const struct hd_object *mutex = thread->object;
    bool takes = mutex->owner < 0 && !mutex->ruined;

    op->access[0].state = hd_mutex_state(mutex);
    op->access[0].mode = takes ? HD_WRITE : HD_READ;
}

static int
take(struct hd_object *mutex)
{
    if (mutex->ruined) {
        return ENOTRECOVERABLE;
    }
    mutex->owner = hd.self->id;
    mutex->taken = hd.events;
    mutex->count = 1;
    hd.self->mutexes++;
    hd_clock_acquire(&mutex->clock);
    return mutex->inconsistent ? EOWNERDEAD : 0;
}

static void
describe(enum hd_kind kind, struct hd_object *mutex, const void *pc)
{
    hd_op_touch(hd_next(kind, pc), mutex->at, 1, HD_WRITE);
    hd.self->object = mutex;
    hd.self->refine = refine_state;
}

/* What a second lock by the owner gives, without blocking; -1: it blocks. */
static int
relock(struct hd_object *mutex)
{
    if (mutex->owner != hd.self->id) {
        return -1;
    }
    if (mutex->kind == PTHREAD_MUTEX_RECURSIVE) {
        mutex->count++;
        return 0;
    }
    return mutex->kind == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK : -1;
}

static int
lock(pthread_mutex_t *pointer, const void *pc)
{
    uint32_t at = (uint32_t)(uintptr_t)pc;
    struct hd_object *mutex = hd_mutex_use(pointer, at);
    int again = relock(mutex);

    if (again >= 0) {
        return again;
    }
    describe(HD_OP_LOCK, mutex, pc);
    hd_next_blocks(is_free, was_free);
    hd_spin_visit();
    hd_step();
    hd_object_still(mutex, at);
    return take(mutex);
}

HD_LIBC_LOOP(int, pthread_mutex_lock, pthread_mutex_t *mutex)
{
    return lock(mutex, HD_CALLER);
}

HD_LIBC_LOOP(int, pthread_mutex_trylock, pthread_mutex_t *pointer)
{
    uint32_t pc = (uint32_t)(uintptr_t)HD_CALLER;
    struct hd_object *mutex = hd_mutex_use(pointer, pc);
    int again = relock(mutex);
    int error;

    if (again >= 0) {
        return again == EDEADLK ? EBUSY : again;
    }
    describe(HD_OP_TRYLOCK, mutex, HD_CALLER);
    hd.self->refine = refine_try;
    hd_spin_visit();
    hd_step();
    hd_object_still(mutex, pc);
    error = mutex->owner < 0 ? take(mutex) : EBUSY;
    if (error == 0 || error == EOWNERDEAD) {
        hd_progress();
    }
    return error;
}

static void
refine_timed(const struct hd_thread *thread, struct hd_op *op)
{
    refine_try(thread, op);
    op->accesses = 1;
    if (op->access[0].mode == HD_READ) {
        hd_op_touch(op, HD_OBJECT_CLOCK, 1, HD_ADD);
    }
}

/* The lock is had if it is free when the thread goes on; otherwise its time
 * is up. That the thread waits is that it goes on late. */
static int
timed(pthread_mutex_t *pointer, int clock_id, const struct timespec *deadline,
      const void *pc)
{
    struct hd_object *mutex = hd_mutex_use(pointer, (uint32_t)(uintptr_t)pc);
    int again = relock(mutex);
    int64_t until;

    if (again >= 0) {
        return again;
    }
    if (hd_moment_deadline(clock_id, deadline, &until) != 0) {
        return EINVAL;
    }
    if (hd_moment_never(until)) {
        return lock(pointer, pc);
    }
    describe(HD_OP_TIMEDLOCK, mutex, pc);
    hd.self->refine = refine_timed;
    if (hd_moment_waits(until, is_free, was_free)) {
        hd_spin_visit();
    }
    hd_step();
    hd_object_still(mutex, (uint32_t)(uintptr_t)pc);
    if (mutex->owner < 0) {
        return take(mutex);
    }
    hd_moment_expired(until);
    return ETIMEDOUT;
}

HD_LIBC_LOOP(int, pthread_mutex_timedlock, pthread_mutex_t *mutex,
             const struct timespec *deadline)
{
    return timed(mutex, CLOCK_REALTIME, deadline, HD_CALLER);
}

HD_LIBC_LOOP(int, pthread_mutex_clocklock, pthread_mutex_t *mutex,
             clockid_t clock_id, const struct timespec *deadline)
{
    return timed(mutex, clock_id, deadline, HD_CALLER);
}

int
hd_mutex_drop(struct hd_object *mutex)
{
    int count = mutex->count;

    if (mutex->inconsistent) {
        mutex->ruined = true;
    }
    hd_clock_release(&mutex->clock);
    mutex->owner = -1;
    mutex->count = 0;
    hd.self->mutexes--;
    return count;
}

HD_LIBC(int, pthread_mutex_unlock, pthread_mutex_t *pointer)
{
    uint32_t pc = (uint32_t)(uintptr_t)HD_CALLER;
    struct hd_object *mutex = hd_mutex_use(pointer, pc);

    if (mutex->owner != hd.self->id) {
        if (mutex->kind != PTHREAD_MUTEX_NORMAL || mutex->robust) {
            return EPERM;
        }
        hd_finding_at(pc, mutex->at);
        hd_finding(HD_MISUSE,
                   "thread %d unlocks a mutex that it does not "
                   "hold%s",
                   hd.self->id, mutex->owner < 0 ? ": nobody does" : "");
    }
    if (mutex->count > 1) {
        mutex->count--;
        return 0;
    }
    describe(HD_OP_UNLOCK, mutex, HD_CALLER);
    hd_step();
    hd_mutex_drop(mutex);
    return 0;
}

static bool
can_relock(const struct hd_thread *thread)
{
    return thread->signalled && is_free(thread);
}

static bool
could_relock(const struct hd_thread *thread, int32_t state)
{
    return thread->signalled && state == 0;
}

int
hd_mutex_retake(struct hd_object *mutex, int count, uint32_t pc)
{
    int error;

    describe(HD_OP_RELOCK, mutex, (const void *)(uintptr_t)pc);
    hd_next_blocks(can_relock, could_relock);
    hd_step();
    hd_object_still(mutex, pc);
    error = take(mutex);
    mutex->count = error == ENOTRECOVERABLE ? 0 : count;
    return error;
}

void
hd_mutex_abandon(struct hd_object *mutex)
{
    struct hd_thread *owner = &hd.thread[mutex->owner];

    hd_clock_join(mutex->clock.tick, owner->clock);
    mutex->owner = -1;
    mutex->count = 0;
    mutex->inconsistent = true;
}

static void
refine_consistent(const struct hd_thread *thread, struct hd_op *op)
{
    op->access[0].state = hd_mutex_state(thread->object);
}

HD_LIBC(int, pthread_mutex_consistent, pthread_mutex_t *pointer)
{
    uint32_t pc = (uint32_t)(uintptr_t)HD_CALLER;
    struct hd_object *mutex = hd_mutex_use(pointer, pc);

    if (!mutex->robust || !mutex->inconsistent || mutex->owner != hd.self->id) {
        return EINVAL;
    }
    describe(HD_OP_CONSISTENT, mutex, HD_CALLER);
    hd.self->refine = refine_consistent;
    hd_step();
    mutex->inconsistent = false;
    return 0;
}

struct attributes {
    uint16_t mark;
    uint8_t kind;
    uint8_t robust : 1;
    uint8_t shared : 1;
};

_Static_assert(sizeof(struct attributes) <= sizeof(pthread_mutexattr_t),
               "the attributes of a mutex fit where the caller keeps them");
enum { ATTRIBUTES_MARK = 0x4865 };

static struct attributes *
attributes(const pthread_mutexattr_t *from, bool writes, const void *pc)
{
    struct attributes *got = (struct attributes *)(uintptr_t)from;

    hd_access_plain(from, sizeof(*got), writes, pc);
    if (got->mark != ATTRIBUTES_MARK) {
        hd_finding_at((uint32_t)(uintptr_t)pc, (uintptr_t)from);
        hd_finding(HD_MISUSE, "use of mutex attributes that were never "
                              "initialised");
    }
    return got;
}

HD_LIBC(int, pthread_mutexattr_init, pthread_mutexattr_t *to)
{
    struct attributes fresh = {ATTRIBUTES_MARK, PTHREAD_MUTEX_NORMAL, 0, 0};

    hd_access_result(to, &fresh, sizeof(fresh), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_mutexattr_destroy, pthread_mutexattr_t *to)
{
    attributes(to, true, HD_CALLER)->mark = 0;
    return 0;
}

HD_LIBC(int, pthread_mutexattr_settype, pthread_mutexattr_t *to, int kind)
{
    if (kind < PTHREAD_MUTEX_NORMAL || kind > PTHREAD_MUTEX_ADAPTIVE_NP) {
        return EINVAL;
    }
    if (kind == PTHREAD_MUTEX_ADAPTIVE_NP) {
        kind = PTHREAD_MUTEX_NORMAL;
    }
    attributes(to, true, HD_CALLER)->kind = (uint8_t)kind;
    return 0;
}

HD_LIBC(int, pthread_mutexattr_gettype, const pthread_mutexattr_t *from,
        int *kind)
{
    int got = attributes(from, false, HD_CALLER)->kind;

    hd_access_result(kind, &got, sizeof(got), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_mutexattr_setrobust, pthread_mutexattr_t *to, int robust)
{
    attributes(to, true, HD_CALLER)->robust = robust == PTHREAD_MUTEX_ROBUST;
    return 0;
}

HD_LIBC(int, pthread_mutexattr_getrobust, const pthread_mutexattr_t *from,
        int *robust)
{
    int got = attributes(from, false, HD_CALLER)->robust
                  ? PTHREAD_MUTEX_ROBUST
                  : PTHREAD_MUTEX_STALLED;

    hd_access_result(robust, &got, sizeof(got), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_mutexattr_setpshared, pthread_mutexattr_t *to, int shared)
{
    attributes(to, true, HD_CALLER)->shared = shared == PTHREAD_PROCESS_SHARED;
    return 0;
}

HD_LIBC(int, pthread_mutexattr_getpshared, const pthread_mutexattr_t *from,
        int *shared)
{
    int got = attributes(from, false, HD_CALLER)->shared
                  ? PTHREAD_PROCESS_SHARED
                  : PTHREAD_PROCESS_PRIVATE;

    hd_access_result(shared, &got, sizeof(got), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_mutexattr_setprotocol, pthread_mutexattr_t *to,
        int protocol)
{
    attributes(to, true, HD_CALLER);
    return protocol == PTHREAD_PRIO_NONE ? 0 : ENOTSUP;
}

HD_LIBC(int, pthread_mutex_init, pthread_mutex_t *pointer,
        const pthread_mutexattr_t *with)
{
    uint32_t pc = (uint32_t)(uintptr_t)HD_CALLER;
    struct hd_object *mutex;

    hd_op_touch(hd_next(HD_OP_MUTEX_INIT, HD_CALLER),
                (uint64_t)(uintptr_t)pointer, 1, HD_WRITE);
    hd_step();
    mutex = hd_object_make(pointer, HD_TYPE_MUTEX, pc);
    if (with != NULL) {
        const struct attributes *from = attributes(with, false, HD_CALLER);

        mutex->kind = from->kind;
        mutex->robust = from->robust;
    }
    hd_progress();
    return 0;
}

HD_LIBC(int, pthread_mutex_destroy, pthread_mutex_t *pointer)
{
    uint32_t pc = (uint32_t)(uintptr_t)HD_CALLER;
    struct hd_object *mutex = hd_mutex_use(pointer, pc);

    describe(HD_OP_MUTEX_DESTROY, mutex, HD_CALLER);
    hd_step();
    hd_object_still(mutex, pc);
    if (mutex->owner >= 0) {
        hd_finding_at(pc, mutex->at);
        hd_finding(HD_MISUSE,
                   "thread %d destroys a mutex that thread %d "
                   "holds",
                   hd.self->id, mutex->owner);
    }
    hd_object_destroy(mutex, pc);
    hd_progress();
    return 0;
}
