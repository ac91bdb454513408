/*
 * Idea: barriers. A thread arrives in one step; the last to arrive lets all
 * of them pass, each in a step of its own, and is the serial one.
 *
 * Invariants
 *   1. count < limit threads have arrived in the current round.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <pthread.h>

#include "finding.h"
#include "object.h"

static uint32_t
place(const void *pc)
{
    return (uint32_t)(uintptr_t)pc;
}

static bool
let_pass(const struct hd_thread *thread)
{
    return thread->signalled;
}

static void
open_barrier(struct hd_object *barrier)
{
    while (barrier->waiters > 0) {
        struct hd_thread *waiter = &hd.thread[barrier->waiter[0]];

        hd_object_unqueue(barrier, waiter->id);
        waiter->signalled = true;
        hd_wake_edge(waiter);
        hd_clock_join(waiter->clock, barrier->clock.tick);
    }
    hd_clock_acquire(&barrier->clock);
    barrier->count = 0;
}

HD_LIBC(int, pthread_barrier_wait, pthread_barrier_t *pointer)
{
    uint32_t pc = place(HD_CALLER);
    struct hd_object *barrier =
        hd_object_use(pointer, HD_TYPE_BARRIER, false, pc);

    hd_op_touch(hd_next(HD_OP_BARRIER, HD_CALLER), barrier->at, 1, HD_WRITE);
    hd_step();
    hd_object_still(barrier, pc);
    hd_progress();
    hd_clock_release(&barrier->clock);
    barrier->count++;
    if (barrier->count == barrier->limit) {
        open_barrier(barrier);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    hd.self->signalled = false;
    hd_object_queue(barrier, hd.self->id);
    hd_next(HD_OP_BARRIER_PASS, HD_CALLER);
    hd_next_blocks(let_pass, NULL);
    hd_step();
    return 0;
}

HD_LIBC(int, pthread_barrierattr_init, pthread_barrierattr_t *to)
{
    (void)to;
    return 0;
}

HD_LIBC(int, pthread_barrierattr_destroy, pthread_barrierattr_t *to)
{
    (void)to;
    return 0;
}

HD_LIBC(int, pthread_barrierattr_setpshared, pthread_barrierattr_t *to,
        int shared)
{
    (void)to;
    (void)shared;
    return 0;
}

HD_LIBC(int, pthread_barrier_init, pthread_barrier_t *pointer,
        const pthread_barrierattr_t *with, unsigned count)
{
    struct hd_object *barrier;

    (void)with;
    if (count == 0 || count > HD_THREADS_MAX) {
        return EINVAL;
    }
    hd_op_touch(hd_next(HD_OP_BARRIER_INIT, HD_CALLER),
                (uint64_t)(uintptr_t)pointer, 1, HD_WRITE);
    hd_step();
    barrier = hd_object_make(pointer, HD_TYPE_BARRIER, place(HD_CALLER));
    barrier->limit = (int32_t)count;
    hd_progress();
    return 0;
}

HD_LIBC(int, pthread_barrier_destroy, pthread_barrier_t *pointer)
{
    uint32_t pc = place(HD_CALLER);
    struct hd_object *barrier =
        hd_object_use(pointer, HD_TYPE_BARRIER, false, pc);

    hd_op_touch(hd_next(HD_OP_BARRIER_DESTROY, HD_CALLER), barrier->at, 1,
                HD_WRITE);
    hd_step();
    hd_object_still(barrier, pc);
    if (barrier->waiters > 0) {
        hd_finding_at(pc, barrier->at);
        hd_finding(HD_MISUSE,
                   "thread %d destroys a barrier that thread %d "
                   "waits at",
                   hd.self->id, barrier->waiter[0]);
    }
    hd_object_destroy(barrier, pc);
    hd_progress();
    return 0;
}
