#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "death.h"
#include "depend.h"
#include "finding.h"
#include "heap.h"
#include "object.h"
#include "options.h"
#include "policy.h"
#include "program.h"
#include "race.h"
#include "snapshot.h"
#include "spin.h"
#include "tls.h"
#include "trace.h"

/* In switch.S. */
void hd_switch(void **save, void *load);
void hd_switch_entry(void);
_Noreturn void hd_model_enter(void);

enum { NAMES_MAX = 4096, GUARD_BYTES = 4096 };

/* Where stacks and heaps begin: fixed, so that runs look alike. */
static const uintptr_t stacks_at = UINT64_C(0x200000000000);

HD_OWN struct hd_model hd;
static HD_OWN int child_number[HD_THREADS_MAX][HD_THREADS_MAX];

int
hd_missed_at(void)
{
    return hd_options.steps_max + HD_THREADS_MAX + 2;
}

static void
stacks_init(void)
{
    size_t each = hd_options.stack_bytes + GUARD_BYTES;
    uintptr_t at =
        (uintptr_t)hd_own_reserve_at(stacks_at, each * HD_THREADS_MAX);
    int i;

    for (i = 0; i < HD_THREADS_MAX; i++) {
        struct hd_thread *thread = &hd.thread[i];

        mprotect((void *)(at + (size_t)i * each), GUARD_BYTES, PROT_NONE);
        thread->stack_low = at + (size_t)i * each + GUARD_BYTES;
        thread->stack_high = thread->stack_low + hd_options.stack_bytes;
    }
}

void
hd_model_init(void)
{
    size_t events = 2 * (size_t)hd_missed_at();

    hd.thread = hd_own_reserve(HD_THREADS_MAX * sizeof(*hd.thread));
    hd.event = hd_own_reserve(events * sizeof(*hd.event));
    hd.after = hd_own_reserve(events * sizeof(*hd.after));
    hd.before = hd_own_reserve(events * sizeof(*hd.before));
    hd.race = hd_own_reserve(HD_RACES_MAX * sizeof(*hd.race));
    hd.width = 1;
    stacks_init();
    hd_depend_init();
    hd_tls_init();
    hd_race_init();
    hd_heap_init();
    hd_object_init();
    hd_snapshot_take();
}

/* The number that the parent's next child has in every execution. */
static int
number_of_child(int parent, int child)
{
    int e;

    if (child >= HD_THREADS_MAX || hd.width == HD_THREADS_MAX) {
        if (child >= HD_THREADS_MAX || child_number[parent][child] == 0) {
            hd_finding(HD_UNSUPPORTED,
                       "more than %d threads are wanted; "
                       "at most %d can be modelled",
                       HD_THREADS_MAX, HD_THREADS_MAX);
        }
    }
    if (child_number[parent][child] == 0) {
        for (e = 0; e < hd.events; e++) {
            hd.after[e][hd.width] = 0;
            hd.before[e][hd.width] = 0;
        }
        for (e = 0; e < HD_THREADS_MAX; e++) {
            hd.thread[e].clock[hd.width] = 0;
            hd.thread[e].acquired[hd.width] = 0;
            hd.thread[e].released[hd.width] = 0;
            hd.thread[e].depends[hd.width] = 0;
        }
        child_number[parent][child] = hd.width;
        hd.width++;
    }
    return child_number[parent][child];
}

static void
stack_prepare(struct hd_thread *thread)
{
    uintptr_t *top = (uintptr_t *)(thread->stack_high - 64);

    top[0] = 0;
    top[-1] = (uintptr_t)hd_switch_entry;
    memset(&top[-7], 0, 6 * sizeof(top[0]));
    thread->sp = &top[-7];
}

static void
thread_reset(struct hd_thread *thread, int id)
{
    size_t size = (size_t)hd.width * sizeof(uint32_t);

    thread->id = id;
    thread->state = HD_LIVE;
    thread->children = 0;
    thread->steps = 0;
    thread->last = -1;
    memset(thread->clock, 0, size);
    memset(thread->acquired, 0, size);
    memset(thread->released, 0, size);
    memset(thread->depends, 0, size);
    thread->clock[id] = 1;
    thread->frames = 0;
    thread->error = 0;
    thread->progress = 0;
    thread->spinning = false;
    memset(thread->site, 0, sizeof(thread->site));
    thread->result = NULL;
    thread->detached = false;
    thread->joined = false;
    thread->finished = false;
    thread->signalled = false;
    thread->spurned = false;
    thread->dying = false;
    thread->may_die = hd_options.deaths_everywhere;
    thread->mortal = thread->may_die;
    thread->process = 0;
    thread->mutexes = 0;
    thread->timeouts = 0;
    thread->idle = 0;
    thread->parent = -1;
    thread->name[0] = '\0';
    thread->chance = (uint64_t)id + 1;
    memset(thread->key_value, 0, sizeof(thread->key_value));
}

static void
start_next(struct hd_thread *thread)
{
    hd_op_init(&thread->next, HD_OP_START, 0);
    thread->ready = NULL;
    thread->ready_before = NULL;
    thread->choices = NULL;
    thread->refine = NULL;
    thread->timed = false;
}

struct hd_thread *
hd_thread_new(void *(*function)(void *), void *argument)
{
    int id = 0;
    struct hd_thread *thread;

    if (hd.self != NULL) {
        id = number_of_child(hd.self->id, hd.self->children);
        hd.self->children++;
    }
    thread = &hd.thread[id];
    thread_reset(thread, id);
    thread->function = function;
    thread->argument = argument;
    hd.live |= UINT64_C(1) << id;
    if (hd.self != NULL) {
        int i;

        thread->parent = hd.self->id;
        thread->process = hd.self->process;
        for (i = 0; i < hd.width; i++) {
            thread->clock[i] = i == id ? 1 : hd.self->clock[i];
            thread->depends[i] = hd.self->depends[i];
        }
        hd.self->clock[hd.self->id]++;
    }
    start_next(thread);
    stack_prepare(thread);
    hd_tls_prepare(thread);
    return thread;
}

void
hd_wake_edge(struct hd_thread *thread)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        if (hd.self->depends[i] > thread->depends[i]) {
            thread->depends[i] = hd.self->depends[i];
        }
    }
}

void
hd_progress(void)
{
    hd.self->progress++;
}

struct hd_op *
hd_next(enum hd_kind kind, const void *pc)
{
    struct hd_thread *self = hd.self;

    hd_op_init(&self->next, kind, (uint32_t)(uintptr_t)pc);
    self->ready = NULL;
    self->ready_before = NULL;
    self->choices = NULL;
    self->refine = NULL;
    self->timed = false;
    return &self->next;
}

void
hd_next_blocks(bool (*ready)(const struct hd_thread *),
               bool (*ready_before)(const struct hd_thread *, int32_t))
{
    hd.self->ready = ready;
    hd.self->ready_before = ready_before;
}

/* Ready, whatever the time is. */
static bool
ready_now(const struct hd_thread *thread)
{
    if (thread->state != HD_LIVE) {
        return false;
    }
    if (thread->spinning && !hd_spin_over(thread)) {
        return false;
    }
    return thread->ready == NULL || thread->ready(thread);
}

bool
hd_idle(void)
{
    int i;

    if (!hd_options.idle_time) {
        return false;
    }
    for (i = 0; i < hd.width; i++) {
        if (ready_now(&hd.thread[i])) {
            return false;
        }
    }
    return true;
}

/* Nobody waits for an earlier moment. */
static bool
is_first(const struct hd_thread *thread)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        const struct hd_thread *other = &hd.thread[i];

        if (other->state == HD_LIVE && other->timed &&
            other->until < thread->until) {
            return false;
        }
    }
    return true;
}

bool
hd_expires(const struct hd_thread *thread)
{
    return thread->state == HD_LIVE && thread->timed && is_first(thread) &&
           hd_idle();
}

bool
hd_ready(const struct hd_thread *thread)
{
    return ready_now(thread) || hd_expires(thread);
}

uint64_t
hd_alternatives(const struct hd_thread *thread)
{
    uint64_t mask = 0;

    if (hd_ready(thread)) {
        int count = thread->choices == NULL ? 1 : thread->choices(thread);

        mask = (UINT64_C(1) << count) - 1;
    }
    if (thread->may_die && thread->state == HD_LIVE) {
        mask |= hd_death_alternatives(thread);
    }
    return mask;
}

/* Operations before which the compiler must have done earlier stores. */
static bool
settles(int kind)
{
    switch (kind) {
    case HD_OP_START:
    case HD_OP_CHOOSE:
    case HD_OP_MARK:
    case HD_OP_LOAD:
    case HD_OP_STORE:
    case HD_OP_RMW:
    case HD_OP_CAS:
    case HD_OP_CLOCK:
    case HD_OP_DEATH:
        return false;
    default:
        return true;
    }
}

static void
commit(struct hd_thread *thread)
{
    int e = hd.events;
    struct hd_event *event = &hd.event[e];

    thread->expires = hd_expires(thread);
    if (thread->refine != NULL) {
        thread->refine(thread, &thread->next);
    }
    hd.events++;
    thread->steps++;
    thread->idle = 0;
    event->op = thread->next;
    event->thread = (int16_t)thread->id;
    event->choice = (int16_t)thread->choice;
    event->nth = thread->steps;
    event->earlier = thread->last;
    if (thread->expires) {
        hd_depend_missed(e);
        event->op.global = true;
    }
    hd_depend_event(e);
    thread->last = e;
    thread->spinning = false;
    hd_now_step[e].thread = (uint8_t)thread->id;
    hd_now_step[e].choice = (uint8_t)thread->choice;
    hd_shared->now_steps = e + 1;
    if (thread->may_die && settles(thread->next.kind)) {
        hd_death_settle(thread);
    }
    hd_policy->committed(e);
    if (hd_trace_on) {
        hd_trace_event(e);
    }
}

_Noreturn void
hd_model_end(enum hd_end end)
{
    void *dead;

    hd.end = end;
    hd.self = NULL;
    hd.in_model = false;
    hd_switch(&dead, hd.explorer_sp);
    abort();
}

/* Nobody is obliged to die: where nobody can do anything else, the threads
 * are stuck. */
static bool
only_deaths_left(void)
{
    int i;

    if (hd.deaths >= hd_options.deaths) {
        return false;
    }
    for (i = 0; i < hd.width; i++) {
        if (hd_ready(&hd.thread[i])) {
            return false;
        }
    }
    return hd.live != 0;
}

/* Nobody can go on. A death that might free somebody does not have to come,
 * so that with deaths it is a deadlock as well. */
static bool
all_blocked(void)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        if (hd_ready(&hd.thread[i])) {
            return false;
        }
    }
    return hd.live != 0;
}

/* Who goes on. Deaths are carried out here: they need no context. */
static struct hd_thread *
elect(void)
{
    for (;;) {
        int id;
        struct hd_thread *thread;

        if (hd.events >= hd_options.steps_max) {
            hd_model_end(HD_END_STEPS);
        }
        if (hd_options.deaths > 0 && all_blocked()) {
            hd_model_end(HD_END_STUCK);
        }
        if (only_deaths_left()) {
            hd_model_end(HD_END_STUCK);
        }
        id = hd_policy->choose(hd.events);
        if (id < 0) {
            hd_model_end((enum hd_end) - id);
        }
        thread = &hd.thread[id];
        if (thread->dying) {
            commit(thread);
            hd_death_lapse(thread);
        } else if (thread->choice < HD_DEATH_CHOICE) {
            return thread;
        } else {
            hd_death_prepare(thread);
            commit(thread);
            hd_death_happens(thread);
        }
        if (hd.live == 0) {
            hd_model_end(HD_END_DONE);
        }
    }
}

static void
go_on_with(struct hd_thread *thread, void **save)
{
    hd.self = thread;
    hd_tls_switch(thread);
    hd_switch(save, thread->sp);
}

void
hd_step(void)
{
    struct hd_thread *self = hd.self;
    struct hd_thread *thread;

    hd.in_model = false;
    thread = elect();
    if (thread != self) {
        self->error = errno;
        go_on_with(thread, &self->sp);
        errno = self->error;
    }
    commit(self);
    hd.in_model = true;
}

_Noreturn void
hd_model_enter(void)
{
    struct hd_thread *self = hd.self;

    errno = 0;
    commit(self);
    hd.in_model = true;
    self->result = self->function(self->argument);
    hd_program_thread_end();
}

/* The running thread has ended: somebody else goes on, for good. */
_Noreturn void
hd_model_leave(void)
{
    void *dead;

    hd.in_model = false;
    if (hd.live == 0) {
        hd_model_end(HD_END_DONE);
    }
    go_on_with(elect(), &dead);
    abort();
}

void
hd_model_run(void)
{
    struct hd_thread *first;
    int i;

    hd.stamp++;
    hd.events = 0;
    hd.live = 0;
    hd.end = HD_END_NONE;
    hd.deaths = 0;
    hd.self = NULL;
    for (i = 0; i < hd.width; i++) {
        hd.thread[i].state = HD_UNUSED;
    }
    hd_snapshot_restore();
    hd_depend_begin();
    hd_race_begin();
    hd_heap_begin();
    hd_program_begin();
    hd_trace_begin();
    first = hd_thread_new(hd_program_start, NULL);
    hd_policy->begin();
    {
        int id = hd_policy->choose(0);

        if (id < 0) {
            hd.end = (enum hd_end) - id;
            return;
        }
    }
    go_on_with(first, &hd.explorer_sp);
    hd_tls_switch(NULL);
}
