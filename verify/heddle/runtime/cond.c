/*
 * Idea: condition variables. A wait is two steps: let go of the mutex and
 * queue, in one; then, once woken, take the mutex again. A signal wakes any
 * one of the queued, as the explorer chooses. A timed wait, or any wait with
 * --spurious, has a step between: the wait ends, woken or not.
 *
 * Invariants
 *   1. A thread is in the queue exactly from its wait until it is signalled,
 *      times out or wakes spuriously.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "access.h"
#include "finding.h"
#include "moment.h"
#include "mutex.h"
#include "options.h"
#include "spin.h"
#include "trace.h"

enum { ATTRIBUTES_MARK = 0x4866 };

struct attributes {
    uint16_t mark;
    uint8_t clock_id;
    uint8_t shared;
};

_Static_assert(sizeof(struct attributes) <= sizeof(pthread_condattr_t),
               "the attributes of a condition variable fit");

static struct hd_object *
cond_use(pthread_cond_t *cond, const void *pc)
{
    return hd_object_use(cond, HD_TYPE_COND, true, (uint32_t)(uintptr_t)pc);
}

static void
refine_wait(const struct hd_thread *thread, struct hd_op *op)
{
    op->access[0].state = thread->id + 1;
}

/* While somebody waits with one mutex, nobody may wait with another. */
static void
check_mutex(struct hd_object *cond, const struct hd_object *mutex, uint32_t pc)
{
    if (cond->waiters > 0 && cond->bound != mutex->at) {
        hd_finding_at(pc, cond->at);
        hd_finding(HD_MISUSE,
                   "thread %d waits on a condition variable on "
                   "which thread %d waits with another mutex",
                   hd.self->id, cond->waiter[0]);
    }
    cond->bound = mutex->at;
}

/* Let go of the mutex and queue on the condition variable. */
static int
enqueue(struct hd_object *cond, struct hd_object *mutex, const void *pc)
{
    struct hd_op *op = hd_next(HD_OP_WAIT, pc);

    hd_op_touch(op, mutex->at, 1, HD_WRITE);
    hd_op_touch(op, cond->at, 1, HD_WRITE);
    hd.self->refine = refine_wait;
    hd_step();
    hd_object_still(cond, (uint32_t)(uintptr_t)pc);
    check_mutex(cond, mutex, (uint32_t)(uintptr_t)pc);
    hd.self->signalled = false;
    hd_object_queue(cond, hd.self->id);
    return hd_mutex_drop(mutex);
}

static void
refine_wake(const struct hd_thread *thread, struct hd_op *op)
{
    op->access[0].mode = thread->signalled ? HD_READ : HD_WRITE;
    if (thread->signalled) {
        op->accesses = 1;
    }
}

static int
wake_choices(const struct hd_thread *thread)
{
    return !thread->signalled && thread->number == 1 && hd_options.spurious ? 2
                                                                            : 1;
}

static bool
was_signalled(const struct hd_thread *thread)
{
    return thread->signalled;
}

/* The wait ends, woken or not; ETIMEDOUT if its time is up. */
static int
wake(struct hd_object *cond, bool timed, int64_t until, uint64_t local,
     const void *pc)
{
    struct hd_op *op = hd_next(HD_OP_WAKE, pc);

    hd_op_touch(op, cond->at, 1, HD_WRITE);
    if (timed) {
        hd_op_touch(op, HD_OBJECT_CLOCK, 1, HD_ADD);
    }
    hd.self->object = cond;
    hd.self->number = timed;
    hd.self->refine = refine_wake;
    hd.self->choices = wake_choices;
    if (!timed || hd_moment_waits(until, was_signalled, NULL)) {
        hd_spin_visit_in(local);
    }
    hd_step();
    if (hd.self->signalled) {
        return 0;
    }
    hd_object_still(cond, (uint32_t)(uintptr_t)pc);
    hd_object_unqueue(cond, hd.self->id);
    hd.self->signalled = true;
    hd.self->timeouts++;
    if (!timed || hd.self->choice == 1) {
        return 0;
    }
    hd_moment_advance(until);
    return ETIMEDOUT;
}

static int
wait_on(pthread_cond_t *cond_at, pthread_mutex_t *mutex_at, bool timed,
        int64_t until, const void *pc)
{
    uint32_t at = (uint32_t)(uintptr_t)pc;
    struct hd_object *cond = cond_use(cond_at, pc);
    struct hd_object *mutex = hd_mutex_use(mutex_at, at);
    bool ends_alone = (timed || hd_options.spurious) && !hd_moment_used_up();
    uint64_t local = ends_alone ? hd_spin_local() : 0;
    int count;
    int reason = 0;
    int error;

    if (mutex->owner != hd.self->id) {
        if (mutex->kind != PTHREAD_MUTEX_NORMAL || mutex->robust) {
            return EPERM;
        }
        hd_finding_at(at, mutex->at);
        hd_finding(HD_MISUSE,
                   "thread %d waits on a condition variable with "
                   "a mutex that it does not hold",
                   hd.self->id);
    }
    count = enqueue(cond, mutex, pc);
    if (ends_alone) {
        reason = wake(cond, timed, until, local, pc);
    }
    error = hd_mutex_retake(mutex, count, at);
    return error != 0 ? error : reason;
}

HD_LIBC_LOOP(int, pthread_cond_wait, pthread_cond_t *cond,
             pthread_mutex_t *mutex)
{
    return wait_on(cond, mutex, false, 0, HD_CALLER);
}

static int
timed_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int clock_id,
           const struct timespec *deadline, const void *pc)
{
    int64_t until;

    if (hd_moment_deadline(clock_id, deadline, &until) != 0) {
        return EINVAL;
    }
    return wait_on(cond, mutex, !hd_moment_never(until), until, pc);
}

HD_LIBC_LOOP(int, pthread_cond_timedwait, pthread_cond_t *cond,
             pthread_mutex_t *mutex, const struct timespec *deadline)
{
    const struct hd_object *one = cond_use(cond, HD_CALLER);

    return timed_wait(cond, mutex, one->clock_id, deadline, HD_CALLER);
}

HD_LIBC_LOOP(int, pthread_cond_clockwait, pthread_cond_t *cond,
             pthread_mutex_t *mutex, clockid_t clock_id,
             const struct timespec *deadline)
{
    return timed_wait(cond, mutex, clock_id, deadline, HD_CALLER);
}

/* With nobody queued, a signal only looks. */
static void
refine_signal(const struct hd_thread *thread, struct hd_op *op)
{
    const struct hd_object *cond = thread->object;

    op->access[0].mode = cond->waiters == 0 ? HD_READ : HD_WRITE;
}

static int
signal_choices(const struct hd_thread *thread)
{
    const struct hd_object *cond = thread->object;

    if (cond->waiters < 2) {
        return 1;
    }
    return cond->waiters < HD_CHOICES_MAX ? cond->waiters : HD_CHOICES_MAX;
}

static void
wake_waiter(struct hd_object *cond, int index)
{
    struct hd_thread *waiter = &hd.thread[cond->waiter[index]];

    hd_object_unqueue(cond, waiter->id);
    waiter->signalled = true;
    hd_wake_edge(waiter);
    hd_progress();
}

static struct hd_object *
signal_step(pthread_cond_t *cond_at, enum hd_kind kind, const void *pc)
{
    struct hd_object *cond = cond_use(cond_at, pc);

    hd_op_touch(hd_next(kind, pc), cond->at, 1, HD_WRITE);
    hd.self->object = cond;
    hd.self->refine = refine_signal;
    if (kind == HD_OP_SIGNAL) {
        hd.self->choices = signal_choices;
    }
    hd_step();
    hd_object_still(cond, (uint32_t)(uintptr_t)pc);
    return cond;
}

HD_LIBC(int, pthread_cond_signal, pthread_cond_t *cond_at)
{
    struct hd_object *cond = signal_step(cond_at, HD_OP_SIGNAL, HD_CALLER);

    if (cond->waiters > 0) {
        wake_waiter(cond, hd.self->choice);
    }
    return 0;
}

HD_LIBC(int, pthread_cond_broadcast, pthread_cond_t *cond_at)
{
    struct hd_object *cond = signal_step(cond_at, HD_OP_BROADCAST, HD_CALLER);

    while (cond->waiters > 0) {
        wake_waiter(cond, 0);
    }
    return 0;
}

static struct attributes *
attributes(const pthread_condattr_t *from, bool writes, const void *pc)
{
    struct attributes *got = (struct attributes *)(uintptr_t)from;

    hd_access_plain(from, sizeof(*got), writes, pc);
    if (got->mark != ATTRIBUTES_MARK) {
        hd_finding_at((uint32_t)(uintptr_t)pc, (uintptr_t)from);
        hd_finding(HD_MISUSE, "use of condition variable attributes that "
                              "were never initialised");
    }
    return got;
}

HD_LIBC(int, pthread_condattr_init, pthread_condattr_t *to)
{
    struct attributes fresh = {ATTRIBUTES_MARK, CLOCK_REALTIME, 0};

    hd_access_result(to, &fresh, sizeof(fresh), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_condattr_destroy, pthread_condattr_t *to)
{
    attributes(to, true, HD_CALLER)->mark = 0;
    return 0;
}

HD_LIBC(int, pthread_condattr_setclock, pthread_condattr_t *to,
        clockid_t clock_id)
{
    if (clock_id != CLOCK_REALTIME && clock_id != CLOCK_MONOTONIC) {
        return EINVAL;
    }
    attributes(to, true, HD_CALLER)->clock_id = (uint8_t)clock_id;
    return 0;
}

HD_LIBC(int, pthread_condattr_getclock, const pthread_condattr_t *from,
        clockid_t *clock_id)
{
    clockid_t got = attributes(from, false, HD_CALLER)->clock_id;

    hd_access_result(clock_id, &got, sizeof(got), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_condattr_setpshared, pthread_condattr_t *to, int shared)
{
    attributes(to, true, HD_CALLER)->shared = shared == PTHREAD_PROCESS_SHARED;
    return 0;
}

HD_LIBC(int, pthread_condattr_getpshared, const pthread_condattr_t *from,
        int *shared)
{
    int got = attributes(from, false, HD_CALLER)->shared
                  ? PTHREAD_PROCESS_SHARED
                  : PTHREAD_PROCESS_PRIVATE;

    hd_access_result(shared, &got, sizeof(got), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_cond_init, pthread_cond_t *cond_at,
        const pthread_condattr_t *with)
{
    struct hd_object *cond;

    hd_op_touch(hd_next(HD_OP_COND_INIT, HD_CALLER),
                (uint64_t)(uintptr_t)cond_at, 1, HD_WRITE);
    hd_step();
    cond =
        hd_object_make(cond_at, HD_TYPE_COND, (uint32_t)(uintptr_t)HD_CALLER);
    if (with != NULL) {
        cond->clock_id = attributes(with, false, HD_CALLER)->clock_id;
    }
    hd_progress();
    return 0;
}

HD_LIBC(int, pthread_cond_destroy, pthread_cond_t *cond_at)
{
    uint32_t pc = (uint32_t)(uintptr_t)HD_CALLER;
    struct hd_object *cond = cond_use(cond_at, HD_CALLER);

    hd_op_touch(hd_next(HD_OP_COND_DESTROY, HD_CALLER), cond->at, 1, HD_WRITE);
    hd_step();
    hd_object_still(cond, pc);
    if (cond->waiters > 0) {
        hd_finding_at(pc, cond->at);
        hd_finding(HD_MISUSE,
                   "a condition variable is destroyed while "
                   "thread %d waits on it",
                   cond->waiter[0]);
    }
    hd_object_destroy(cond, pc);
    hd_progress();
    return 0;
}
