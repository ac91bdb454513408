/*
 * Idea: futex words, through syscall(SYS_futex, ...): FUTEX_WAIT, FUTEX_WAKE
 * and their BITSET forms. A wait compares the word and queues in one step;
 * a wake wakes any of the queued, as the explorer chooses. Other numbers
 * than those below are refused.
 *
 * Invariants
 *   1. A thread is queued exactly from its wait until it is woken or its
 *      time is up.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "finding.h"
#include "moment.h"
#include "object.h"
#include "options.h"
#include "spin.h"

static HD_OWN uint32_t bits_of[HD_THREADS_MAX];

struct expectation {
    uint32_t *word;
    uint32_t value;
};

static void
refine_wait(const struct hd_thread *thread, struct hd_op *op)
{
    const struct expectation *want = thread->object;

    op->access[1].mode = *want->word == want->value ? HD_WRITE : HD_READ;
}

static void
refine_pass(const struct hd_thread *thread, struct hd_op *op)
{
    op->access[0].mode = thread->signalled ? HD_READ : HD_WRITE;
    if (thread->signalled) {
        op->accesses = 1;
    }
}

static bool
is_woken(const struct hd_thread *thread)
{
    return thread->signalled;
}

static int
pass(struct hd_object *futex, bool timed, int64_t until, uint64_t local,
     const void *pc)
{
    struct hd_op *op = hd_next(HD_OP_FUTEX_PASS, pc);

    if ((!timed && !hd_options.spurious) || hd_moment_used_up()) {
        hd_next_blocks(is_woken, NULL);
        hd_step();
        return 0;
    }
    hd_op_touch(op, hd_object_queue_place(futex), 1, HD_WRITE);
    if (timed) {
        hd_op_touch(op, HD_OBJECT_CLOCK, 1, HD_ADD);
    }
    hd.self->refine = refine_pass;
    if (!timed || hd_moment_waits(until, is_woken, NULL)) {
        hd_spin_visit_in(local);
    }
    hd_step();
    if (hd.self->signalled) {
        return 0;
    }
    hd_object_unqueue(futex, hd.self->id);
    hd.self->timeouts++;
    hd_moment_advance(timed ? until : 0);
    return timed ? ETIMEDOUT : EINTR;
}

static int
futex_wait(uint32_t *word, uint32_t value, uint32_t bits, bool timed,
           int64_t until, const void *pc)
{
    struct expectation want = {word, value};
    struct hd_object *futex =
        hd_object_raw((uint64_t)(uintptr_t)word, HD_TYPE_FUTEX);
    struct hd_op *op = hd_next(HD_OP_FUTEX_WAIT, pc);
    uint64_t local = hd_spin_local();

    hd_op_touch(op, (uint64_t)(uintptr_t)word, 4, HD_READ);
    hd_op_touch(op, hd_object_queue_place(futex), 1, HD_WRITE);
    hd.self->object = &want;
    hd.self->refine = refine_wait;
    hd_spin_visit();
    hd_step();
    hd_race_touch((uintptr_t)word, 4, HD_TOUCH_ATOMIC_READ,
                  (uint32_t)(uintptr_t)pc);
    if (*word != value) {
        return EAGAIN;
    }
    hd.self->signalled = false;
    bits_of[hd.self->id] = bits;
    hd_object_queue(futex, hd.self->id);
    return pass(futex, timed, until, local, pc);
}

/* Any subset of the right size may be woken: one waiter after the other is
 * chosen. */
static int
wake_choices(const struct hd_thread *thread)
{
    const struct hd_object *futex = thread->object;
    int most = (int)thread->number;

    if (futex->waiters < 2 || most >= futex->waiters) {
        return 1;
    }
    return futex->waiters < HD_CHOICES_MAX ? futex->waiters : HD_CHOICES_MAX;
}

static void
refine_wake(const struct hd_thread *thread, struct hd_op *op)
{
    const struct hd_object *futex = thread->object;

    op->access[0].mode = futex->waiters == 0 ? HD_READ : HD_WRITE;
}

static void
wake_one(struct hd_object *futex, int index)
{
    struct hd_thread *waiter = &hd.thread[futex->waiter[index]];

    hd_object_unqueue(futex, waiter->id);
    waiter->signalled = true;
    hd_wake_edge(waiter);
    hd_progress();
}

static int
futex_wake(uint32_t *word, int most, uint32_t bits, const void *pc)
{
    struct hd_object *futex =
        hd_object_raw((uint64_t)(uintptr_t)word, HD_TYPE_FUTEX);
    int woken = 0;
    int i;
    int first;

    hd_op_touch(hd_next(HD_OP_FUTEX_WAKE, pc), hd_object_queue_place(futex), 1,
                HD_WRITE);
    hd.self->object = futex;
    hd.self->number = (uint64_t)most;
    hd.self->refine = refine_wake;
    hd.self->choices = wake_choices;
    hd_step();
    first = hd.self->choice;
    while (woken < most && futex->waiters > 0) {
        int at = -1;

        for (i = 0; i < futex->waiters; i++) {
            int k = (first + i) % futex->waiters;

            if ((bits_of[futex->waiter[k]] & bits) != 0) {
                at = k;
                break;
            }
        }
        if (at < 0) {
            break;
        }
        wake_one(futex, at);
        woken++;
    }
    return woken;
}

static long
finish(int error)
{
    if (error == 0) {
        return 0;
    }
    errno = error;
    return -1;
}

/* FUTEX_WAIT's time is a length, FUTEX_WAIT_BITSET's a deadline. */
static long
wait_call(uint32_t *word, int operation, uint32_t value,
          const struct timespec *time, uint32_t bits, const void *pc)
{
    int64_t until = INT64_MAX;

    if (time != NULL) {
        bool deadline = (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
        int clock_id = (operation & FUTEX_CLOCK_REALTIME) != 0
                           ? CLOCK_REALTIME
                           : CLOCK_MONOTONIC;
        int error = hd_moment_deadline(clock_id, time, &until);

        if (error != 0) {
            return finish(error);
        }
        if (!deadline) {
            until += hd_moment_now();
        }
    }
    return finish(
        futex_wait(word, value, bits, !hd_moment_never(until), until, pc));
}

static long
futex_call(uint32_t *word, int operation, uint32_t value,
           const struct timespec *time, uint32_t bits, const void *pc)
{
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
        return wait_call(word, operation, value, time, FUTEX_BITSET_MATCH_ANY,
                         pc);
    case FUTEX_WAIT_BITSET:
        return wait_call(word, operation, value, time, bits, pc);
    case FUTEX_WAKE:
        bits = FUTEX_BITSET_MATCH_ANY;
        break;
    case FUTEX_WAKE_BITSET:
        break;
    default:
        hd_finding_at((uint32_t)(uintptr_t)pc, (uintptr_t)word);
        hd_finding(HD_UNSUPPORTED, "futex operation %d is not modelled",
                   operation & FUTEX_CMD_MASK);
    }
    return futex_wake(word, value > INT_MAX ? INT_MAX : (int)value, bits, pc);
}

int hd_libc_gettid(void);

HD_LIBC_LOOP(long, syscall, long number, ...)
{
    va_list list;
    uint32_t *word;
    int operation;
    uint32_t value;
    const struct timespec *time;
    uint32_t bits;

    if (number == SYS_gettid) {
        return hd_libc_gettid();
    }
    if (number != SYS_futex) {
        hd_finding_at((uint32_t)(uintptr_t)HD_CALLER, 0);
        hd_finding(HD_UNSUPPORTED, "system call %ld is not modelled", number);
    }
    va_start(list, number);
    word = va_arg(list, uint32_t *);
    operation = va_arg(list, int);
    value = va_arg(list, uint32_t);
    time = va_arg(list, const struct timespec *);
    (void)va_arg(list, uint32_t *);
    bits = va_arg(list, uint32_t);
    va_end(list);
    return futex_call(word, operation, value, time, bits, HD_CALLER);
}
