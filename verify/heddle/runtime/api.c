/*
 * Idea: what a test says to Heddle through heddle.h.
 * Who may call: the code under test.
 */
#include "heddle.h"

#include <stdio.h>
#include <string.h>

#include "death.h"
#include "finding.h"
#include "options.h"
#include "states.h"
#include "trace.h"

void
heddle_assert_failed(const char *what, const char *file, int line)
{
    const char *name = strrchr(file, '/');

    hd_finding_at((uint32_t)(uintptr_t)HD_CALLER, 0);
    hd_finding(HD_ASSERTION, "assertion failed: %s, %s:%d", what,
               name == NULL ? file : name + 1, line);
}

static int
outcomes(const struct hd_thread *thread)
{
    return (int)thread->number;
}

static unsigned
choose_digit(unsigned count, const void *pc)
{
    hd_next(HD_OP_CHOOSE, pc);
    hd.self->number = count;
    hd.self->choices = outcomes;
    hd_step();
    hd_progress();
    return (unsigned)hd.self->choice;
}

unsigned
heddle_choose(unsigned count)
{
    const void *pc = HD_CALLER;
    unsigned high;

    if (count == 0 || count > HD_CHOICES_MAX * HD_CHOICES_MAX) {
        hd_finding_at((uint32_t)(uintptr_t)pc, 0);
        hd_finding(HD_MISUSE, "heddle_choose(%u): 1 to %d are possible", count,
                   HD_CHOICES_MAX * HD_CHOICES_MAX);
    }
    if (count <= HD_CHOICES_MAX) {
        return choose_digit(count, pc);
    }
    high = choose_digit((count + HD_CHOICES_MAX - 1) / HD_CHOICES_MAX, pc);
    if ((high + 1) * HD_CHOICES_MAX <= count) {
        return high * HD_CHOICES_MAX + choose_digit(HD_CHOICES_MAX, pc);
    }
    return high * HD_CHOICES_MAX +
           choose_digit(count - high * HD_CHOICES_MAX, pc);
}

void
heddle_mark(const char *text)
{
    if (!hd_trace_on) {
        return;
    }
    hd_trace_mark(text, (uint32_t)(uintptr_t)HD_CALLER);
}

void
heddle_thread_may_die(bool may)
{
    hd.self->may_die = may || hd_options.deaths_everywhere;
    hd.self->mortal = hd.self->mortal || may;
    hd_death_settle(hd.self);
}

void
heddle_may_die(void)
{
    bool before = hd.self->may_die;

    hd.self->may_die = true;
    hd.self->mortal = true;
    hd_next(HD_OP_CHOOSE, HD_CALLER);
    hd_step();
    hd.self->may_die = before;
}

void
heddle_process(int process)
{
    hd.self->process = process;
}

bool
heddle_is_dead(pthread_t thread)
{
    struct hd_thread *other = &hd.thread[thread - 1];

    hd_op_touch(hd_next(HD_OP_CHOOSE, HD_CALLER), HD_OBJECT_THREAD(other->id),
                1, HD_READ);
    hd_step();
    return other->state == HD_DEAD;
}

unsigned
heddle_thread_number(void)
{
    return (unsigned)hd.self->id;
}

void
heddle_state(unsigned long long value)
{
    hd_states_add(value);
}
