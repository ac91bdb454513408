/*
 * Idea: pthread_once. The state is 0 before, the number plus one of the
 * thread that runs the function, and -1 when it is done.
 * Who may call: the code under test.
 */
#include <pthread.h>

#include "object.h"

static int32_t
state_of(const struct hd_object *once)
{
    return once->count > 0 ? -1 : once->owner + 1;
}

static bool
can_pass(const struct hd_thread *thread)
{
    return state_of(thread->object) <= 0;
}

static bool
could_pass(const struct hd_thread *thread, int32_t state)
{
    (void)thread;
    return state <= 0;
}

static void
refine_state(const struct hd_thread *thread, struct hd_op *op)
{
    const struct hd_object *once = thread->object;

    op->access[0].state = state_of(once);
    op->access[0].mode = once->count > 0 ? HD_READ : HD_WRITE;
}

HD_LIBC(int, pthread_once, pthread_once_t *control, void (*function)(void))
{
    struct hd_object *once =
        hd_object_raw((uint64_t)(uintptr_t)control, HD_TYPE_ONCE);

    hd_race_touch((uintptr_t)control, sizeof(*control), HD_TOUCH_ATOMIC_READ,
                  (uint32_t)(uintptr_t)HD_CALLER);
    hd_op_touch(hd_next(HD_OP_ONCE, HD_CALLER), once->at, 1, HD_WRITE);
    hd.self->object = once;
    hd.self->refine = refine_state;
    hd_next_blocks(can_pass, could_pass);
    hd_step();
    hd_progress();
    if (once->count > 0) {
        hd_clock_acquire(&once->clock);
        return 0;
    }
    once->owner = hd.self->id;
    function();
    hd_op_touch(hd_next(HD_OP_ONCE_DONE, HD_CALLER), once->at, 1, HD_WRITE);
    hd.self->object = once;
    hd.self->refine = refine_state;
    hd_step();
    hd_clock_release(&once->clock);
    once->owner = -1;
    once->count = 1;
    return 0;
}
