/*
 * Idea: spin locks: mutexes without kinds. The state that decides readiness
 * is 0 when free, else the owner's number plus one.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <pthread.h>

#include "finding.h"
#include "object.h"
#include "spin.h"

static uint32_t
place(const void *pc)
{
    return (uint32_t)(uintptr_t)pc;
}

static struct hd_object *
use(volatile pthread_spinlock_t *pointer, const void *pc)
{
    return hd_object_use((const void *)(uintptr_t)pointer, HD_TYPE_SPIN, false,
                         place(pc));
}

static bool
is_free(const struct hd_thread *thread)
{
    const struct hd_object *lock = thread->object;

    return lock->owner < 0 || lock->destroyed;
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
    const struct hd_object *lock = thread->object;

    op->access[0].state = lock->owner + 1;
}

static void
refine_try(const struct hd_thread *thread, struct hd_op *op)
{
    refine_state(thread, op);
    op->access[0].mode = is_free(thread) ? HD_WRITE : HD_READ;
}

static void
describe(enum hd_kind kind, struct hd_object *lock, const void *pc)
{
    hd_op_touch(hd_next(kind, pc), lock->at, 1, HD_WRITE);
    hd.self->object = lock;
    hd.self->refine = refine_state;
}

static int
take(struct hd_object *lock)
{
    lock->owner = hd.self->id;
    hd_clock_acquire(&lock->clock);
    hd_progress();
    return 0;
}

HD_LIBC(int, pthread_spin_lock, pthread_spinlock_t *pointer)
{
    struct hd_object *lock = use(pointer, HD_CALLER);

    describe(HD_OP_SPIN_LOCK, lock, HD_CALLER);
    hd_next_blocks(is_free, was_free);
    hd_step();
    hd_object_still(lock, place(HD_CALLER));
    return take(lock);
}

HD_LIBC_LOOP(int, pthread_spin_trylock, pthread_spinlock_t *pointer)
{
    struct hd_object *lock = use(pointer, HD_CALLER);

    describe(HD_OP_SPIN_TRYLOCK, lock, HD_CALLER);
    hd.self->refine = refine_try;
    hd_spin_visit();
    hd_step();
    hd_object_still(lock, place(HD_CALLER));
    return lock->owner < 0 ? take(lock) : EBUSY;
}

HD_LIBC(int, pthread_spin_unlock, pthread_spinlock_t *pointer)
{
    struct hd_object *lock = use(pointer, HD_CALLER);

    if (lock->owner != hd.self->id) {
        hd_finding_at(place(HD_CALLER), lock->at);
        hd_finding(HD_MISUSE,
                   "thread %d unlocks a spin lock that it does not "
                   "hold",
                   hd.self->id);
    }
    describe(HD_OP_SPIN_UNLOCK, lock, HD_CALLER);
    hd_step();
    hd_clock_release(&lock->clock);
    lock->owner = -1;
    return 0;
}

HD_LIBC(int, pthread_spin_init, pthread_spinlock_t *pointer, int shared)
{
    (void)shared;
    hd_op_touch(hd_next(HD_OP_MUTEX_INIT, HD_CALLER),
                (uint64_t)(uintptr_t)pointer, 1, HD_WRITE);
    hd_step();
    hd_object_make((void *)(uintptr_t)pointer, HD_TYPE_SPIN, place(HD_CALLER));
    hd_progress();
    return 0;
}

HD_LIBC(int, pthread_spin_destroy, pthread_spinlock_t *pointer)
{
    struct hd_object *lock = use(pointer, HD_CALLER);

    describe(HD_OP_MUTEX_DESTROY, lock, HD_CALLER);
    hd_step();
    if (lock->owner >= 0) {
        hd_finding_at(place(HD_CALLER), lock->at);
        hd_finding(HD_MISUSE,
                   "thread %d destroys a spin lock that thread %d "
                   "holds",
                   hd.self->id, lock->owner);
    }
    hd_object_destroy(lock, place(HD_CALLER));
    hd_progress();
    return 0;
}
