/*
 * Idea: unnamed semaphores. The state that decides readiness is the count.
 *
 * Invariants
 *   1. count >= 0.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <time.h>

#include "access.h"
#include "finding.h"
#include "moment.h"
#include "object.h"
#include "spin.h"

static uint32_t
place(const void *pc)
{
    return (uint32_t)(uintptr_t)pc;
}

static struct hd_object *
use(sem_t *pointer, const void *pc)
{
    return hd_object_use(pointer, HD_TYPE_SEM, false, place(pc));
}

static bool
can_take(const struct hd_thread *thread)
{
    const struct hd_object *sem = thread->object;

    return sem->destroyed || sem->count > 0;
}

static bool
could_take(const struct hd_thread *thread, int32_t state)
{
    (void)thread;
    return state > 0;
}

static void
refine_state(const struct hd_thread *thread, struct hd_op *op)
{
    const struct hd_object *sem = thread->object;

    op->access[0].state = sem->count;
}

static void
describe(enum hd_kind kind, struct hd_object *sem, const void *pc)
{
    hd_op_touch(hd_next(kind, pc), sem->at, 1, HD_WRITE);
    hd.self->object = sem;
    hd.self->refine = refine_state;
}

static void
take(struct hd_object *sem)
{
    sem->count--;
    hd_clock_acquire(&sem->clock);
    hd_progress();
}

static int
wait_for(sem_t *pointer, const void *pc)
{
    struct hd_object *sem = use(pointer, pc);

    describe(HD_OP_SEM_WAIT, sem, pc);
    hd_next_blocks(can_take, could_take);
    hd_spin_visit();
    hd_step();
    hd_object_still(sem, place(pc));
    take(sem);
    return 0;
}

HD_LIBC_LOOP(int, sem_wait, sem_t *sem)
{
    return wait_for(sem, HD_CALLER);
}

static void
refine_try(const struct hd_thread *thread, struct hd_op *op)
{
    refine_state(thread, op);
    op->access[0].mode = can_take(thread) ? HD_WRITE : HD_READ;
    op->accesses = 1;
    if (op->access[0].mode == HD_READ && thread->number == 1) {
        hd_op_touch(op, HD_OBJECT_CLOCK, 1, HD_ADD);
    }
}

static bool
try_once(sem_t *pointer, enum hd_kind kind, bool timed, int64_t until,
         const void *pc)
{
    struct hd_object *sem = use(pointer, pc);

    describe(kind, sem, pc);
    hd.self->number = timed;
    hd.self->refine = refine_try;
    if (!timed || hd_moment_waits(until, can_take, could_take)) {
        hd_spin_visit();
    }
    hd_step();
    hd_object_still(sem, place(pc));
    if (sem->count == 0) {
        return false;
    }
    take(sem);
    return true;
}

HD_LIBC_LOOP(int, sem_trywait, sem_t *sem)
{
    if (try_once(sem, HD_OP_SEM_TRYWAIT, false, 0, HD_CALLER)) {
        return 0;
    }
    errno = EAGAIN;
    return -1;
}

static int
timed(sem_t *sem, int clock_id, const struct timespec *deadline, const void *pc)
{
    int64_t until;

    if (hd_moment_deadline(clock_id, deadline, &until) != 0) {
        errno = EINVAL;
        return -1;
    }
    if (hd_moment_never(until)) {
        return wait_for(sem, pc);
    }
    if (try_once(sem, HD_OP_SEM_TIMEDWAIT, true, until, pc)) {
        return 0;
    }
    hd_moment_expired(until);
    errno = ETIMEDOUT;
    return -1;
}

HD_LIBC_LOOP(int, sem_timedwait, sem_t *sem, const struct timespec *deadline)
{
    return timed(sem, CLOCK_REALTIME, deadline, HD_CALLER);
}

HD_LIBC_LOOP(int, sem_clockwait, sem_t *sem, clockid_t clock_id,
             const struct timespec *deadline)
{
    return timed(sem, clock_id, deadline, HD_CALLER);
}

HD_LIBC(int, sem_post, sem_t *pointer)
{
    struct hd_object *sem = use(pointer, HD_CALLER);

    describe(HD_OP_SEM_POST, sem, HD_CALLER);
    hd_step();
    hd_object_still(sem, place(HD_CALLER));
    if (sem->count == INT_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    hd_clock_release(&sem->clock);
    sem->count++;
    hd_progress();
    return 0;
}

HD_LIBC_LOOP(int, sem_getvalue, sem_t *pointer, int *to)
{
    struct hd_object *sem = use(pointer, HD_CALLER);

    hd_op_touch(hd_next(HD_OP_SEM_VALUE, HD_CALLER), sem->at, 1, HD_READ);
    hd.self->object = sem;
    hd.self->refine = refine_state;
    hd_spin_visit();
    hd_step();
    hd_access_result(to, &sem->count, sizeof(*to), HD_CALLER);
    return 0;
}

HD_LIBC(int, sem_init, sem_t *pointer, int shared, unsigned value)
{
    struct hd_object *sem;

    (void)shared;
    if (value > INT_MAX) {
        errno = EINVAL;
        return -1;
    }
    hd_op_touch(hd_next(HD_OP_SEM_INIT, HD_CALLER),
                (uint64_t)(uintptr_t)pointer, 1, HD_WRITE);
    hd_step();
    sem = hd_object_make(pointer, HD_TYPE_SEM, place(HD_CALLER));
    sem->count = (int32_t)value;
    hd_progress();
    return 0;
}

static bool
somebody_waits(const struct hd_object *sem)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        const struct hd_thread *thread = &hd.thread[i];

        if (i != hd.self->id && thread->state == HD_LIVE &&
            thread->object == sem && thread->next.kind == HD_OP_SEM_WAIT) {
            return true;
        }
    }
    return false;
}

HD_LIBC(int, sem_destroy, sem_t *pointer)
{
    struct hd_object *sem = use(pointer, HD_CALLER);

    describe(HD_OP_SEM_DESTROY, sem, HD_CALLER);
    hd_step();
    hd_object_still(sem, place(HD_CALLER));
    if (somebody_waits(sem) && sem->count == 0) {
        hd_finding_at(place(HD_CALLER), sem->at);
        hd_finding(HD_MISUSE,
                   "thread %d destroys a semaphore that is waited "
                   "for",
                   hd.self->id);
    }
    hd_object_destroy(sem, place(HD_CALLER));
    hd_progress();
    return 0;
}
