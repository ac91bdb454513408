#include "program.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "death.h"
#include "finding.h"
#include "heap.h"
#include "moment.h"
#include "object.h"
#include "options.h"
#include "shared.h"
#include "states.h"
#include "trace.h"

static HD_OWN int arguments;
static HD_OWN char **argument;
static HD_OWN char **environment_kept;
static HD_OWN char **argument_copy; /* what main() gets, and may change */
static HD_OWN char *argument_text;

struct key {
    bool used;
    void (*destructor)(void *);
};

enum { KEYS_MAX = 32, AT_EXIT_MAX = 64 };
static HD_OWN struct key key[KEYS_MAX];
static HD_OWN void (*at_exit[AT_EXIT_MAX])(void);
static HD_OWN int at_exits;

void
hd_program_arguments(int argc, char **argv, char **environment)
{
    size_t bytes = 0;
    int i;

    arguments = argc;
    argument = argv;
    environment_kept = environment;
    for (i = 0; i < argc; i++) {
        bytes += strlen(argv[i]) + 1;
    }
    argument_copy = hd_own_reserve(((size_t)argc + 1) * sizeof(char *));
    argument_text = hd_own_reserve(bytes + 1);
}

void
hd_program_words(char *text, size_t size_bytes)
{
    size_t used = 0;
    int i;

    text[0] = '\0';
    for (i = 1; i < arguments && used < size_bytes; i++) {
        const char *word = argument[i];
        bool plain =
            word[0] != '\0' &&
            word[strcspn(word, " \t\n\"'\\$`*?[]<>|&;(){}~#!")] == '\0';

        used += (size_t)snprintf(text + used, size_bytes - used,
                                 plain ? " %s" : " '%s'", word);
    }
    if (used >= size_bytes) {
        snprintf(text, size_bytes, " ...");
    }
}

void
hd_program_begin(void)
{
    memset(key, 0, sizeof(key));
    at_exits = 0;
    hd_moment_begin();
    hd_death_begin();
    hd_states_begin();
}

_Noreturn void hd_libc_exit(int status);

void *
hd_program_start(void *unused)
{
    char *to = argument_text;
    int i;

    (void)unused;
    for (i = 0; i < arguments; i++) {
        argument_copy[i] = strcpy(to, argument[i]);
        to += strlen(to) + 1;
    }
    argument_copy[i] = NULL;
    hd_libc_exit(hd_libc_main(i, argument_copy, environment_kept));
}

/* The process ends: what the others still wanted to do, they might have done
 * first, so this conflicts with everything. */
_Noreturn void
hd_program_exit(int status, const void *pc)
{
    bool alone = hd.live == UINT64_C(1) << hd.self->id;

    hd_next(HD_OP_PROCESS_EXIT, pc)->global = !alone;
    hd.self->next.value = (uint64_t)status;
    hd_step();
    if (status == 0) {
        hd_heap_leaks();
    } else {
        hd_shared->exits++;
        hd_shared->exit_status = status;
    }
    hd_model_end(HD_END_DONE);
}

HD_LIBC(int, atexit, void (*function)(void))
{
    if (at_exits == AT_EXIT_MAX) {
        return 1;
    }
    at_exit[at_exits] = function;
    at_exits++;
    hd_progress();
    return 0;
}

HD_LIBC(_Noreturn void, _exit, int status)
{
    hd_program_exit(status, HD_CALLER);
}

HD_LIBC(_Noreturn void, _Exit, int status)
{
    hd_program_exit(status, HD_CALLER);
}

HD_LIBC(_Noreturn void, quick_exit, int status)
{
    hd_program_exit(status, HD_CALLER);
}

static void
run_destructors(void)
{
    int round;
    int i;

    for (round = 0; round < 4; round++) {
        for (i = 0; i < KEYS_MAX; i++) {
            void *value = hd.self->key_value[i];

            if (key[i].used && key[i].destructor != NULL && value != NULL) {
                hd.self->key_value[i] = NULL;
                key[i].destructor(value);
            }
        }
    }
}

/* Robust mutexes that the thread holds go to their next owner as the mutexes
 * of a dead thread; ending with another lock held is misuse. */
static void
check_locks(void)
{
    struct hd_object *object;
    int i;

    for (i = 0; (object = hd_object_nth(i)) != NULL; i++) {
        bool holds = object->owner == hd.self->id && !object->robust &&
                     object->type != HD_TYPE_ATOMIC &&
                     object->type != HD_TYPE_ONCE;

        if (holds || object->holds[hd.self->id] > 0) {
            hd_finding_at(hd.self->next.pc, object->at);
            hd_finding(HD_MISUSE, "thread %d ends while it holds a %s",
                       hd.self->id, hd_type_name(object->type));
        }
    }
}

/* What exit() does first, the last registered first. */
static void
run_at_exit(void)
{
    while (at_exits > 0) {
        at_exits--;
        at_exit[at_exits]();
    }
}

_Noreturn void
hd_libc_exit(int status)
{
    run_at_exit();
    hd_program_exit(status, HD_CALLER);
}

_Noreturn void
hd_program_thread_end(void)
{
    struct hd_thread *self = hd.self;
    struct hd_op *op;

    run_destructors();
    check_locks();
    op = hd_next(HD_OP_EXIT, NULL);
    hd_op_touch(op, HD_OBJECT_THREAD(self->id), 1, HD_WRITE);
    hd_death_releases(self, op);
    hd_step();
    hd_death_abandon(self);
    hd_death_settle(self);
    self->finished = true;
    if (hd.live == UINT64_C(1) << self->id) {
        run_at_exit();
        hd_heap_leaks();
    }
    self->state = HD_DONE;
    hd.live &= ~(UINT64_C(1) << self->id);
    hd_model_leave();
}

HD_LIBC(_Noreturn void, pthread_exit, void *result)
{
    hd.self->result = result;
    hd_program_thread_end();
}

struct attributes {
    uint32_t mark;
    uint32_t detached;
};

HD_LIBC(int, pthread_attr_init, pthread_attr_t *to)
{
    struct attributes fresh = {0x4867, 0};

    hd_access_result(to, &fresh, sizeof(fresh), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_attr_destroy, pthread_attr_t *to)
{
    struct attributes gone = {0, 0};

    hd_access_result(to, &gone, sizeof(gone), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_attr_setdetachstate, pthread_attr_t *to, int state)
{
    struct attributes fresh = {0x4867, state == PTHREAD_CREATE_DETACHED};

    hd_access_result(to, &fresh, sizeof(fresh), HD_CALLER);
    return 0;
}

HD_LIBC(int, pthread_attr_setstacksize, pthread_attr_t *to, size_t bytes)
{
    (void)to;
    return bytes < 16384 ? EINVAL : 0;
}

struct hd_thread *
hd_program_thread(pthread_t which)
{
    if (which < 1 || which > (pthread_t)hd.width ||
        hd.thread[which - 1].state == HD_UNUSED) {
        return NULL;
    }
    return &hd.thread[which - 1];
}

HD_LIBC(int, pthread_create, pthread_t *to, const pthread_attr_t *with,
        void *(*function)(void *), void *given)
{
    struct hd_thread *child;
    pthread_t name;

    hd_next(HD_OP_CREATE, HD_CALLER);
    hd_step();
    child = hd_thread_new(function, given);
    hd_death_settle(hd.self);
    if (hd_trace_on) {
        hd_trace_entry(child->id, (const void *)(uintptr_t)function);
    }
    child->detached =
        with != NULL &&
        ((const struct attributes *)(const void *)with)->detached != 0;
    name = (pthread_t)child->id + 1;
    hd_access_result(to, &name, sizeof(name), HD_CALLER);
    hd_progress();
    return 0;
}

static bool
has_ended(const struct hd_thread *thread)
{
    const struct hd_thread *other = thread->object;

    return other->state == HD_DONE || other->state == HD_DEAD;
}

HD_LIBC(int, pthread_join, pthread_t which, void **result)
{
    uint32_t pc = (uint32_t)(uintptr_t)HD_CALLER;
    struct hd_thread *other = hd_program_thread(which);

    if (other == NULL) {
        hd_finding_at(pc, 0);
        hd_finding(HD_MISUSE, "join of a thread that does not exist");
    }
    if (other == hd.self) {
        return EDEADLK;
    }
    hd_op_touch(hd_next(HD_OP_JOIN, HD_CALLER), HD_OBJECT_THREAD(other->id), 1,
                HD_WRITE);
    hd.self->object = other;
    hd_next_blocks(has_ended, NULL);
    hd_step();
    if (other->detached || other->joined) {
        hd_finding_at(pc, 0);
        hd_finding(HD_MISUSE, "join of thread %d, which %s", other->id,
                   other->joined ? "was joined before" : "is detached");
    }
    other->joined = true;
    hd_clock_join(hd.self->clock, other->clock);
    if (result != NULL) {
        hd_access_result(result, &other->result, sizeof(*result), HD_CALLER);
    }
    hd_progress();
    return 0;
}

HD_LIBC(int, pthread_detach, pthread_t which)
{
    struct hd_thread *other = hd_program_thread(which);

    if (other == NULL) {
        hd_finding_at((uint32_t)(uintptr_t)HD_CALLER, 0);
        hd_finding(HD_MISUSE, "detach of a thread that does not exist");
    }
    hd_op_touch(hd_next(HD_OP_DETACH, HD_CALLER), HD_OBJECT_THREAD(other->id),
                1, HD_WRITE);
    hd_step();
    if (other->detached || other->joined) {
        hd_finding(HD_MISUSE, "detach of thread %d, which %s", other->id,
                   other->joined ? "was joined" : "is detached already");
    }
    other->detached = true;
    return 0;
}

HD_LIBC(pthread_t, pthread_self, void)
{
    return (pthread_t)hd.self->id + 1;
}

HD_LIBC(int, pthread_equal, pthread_t one, pthread_t two)
{
    return one == two;
}

HD_LIBC(int, gettid, void)
{
    return 1000 + hd.self->id;
}

HD_LIBC(int, getpid, void)
{
    return 100 + hd.self->process;
}

HD_LIBC(int, sched_yield, void)
{
    hd.self->idle++;
    if (hd.self->idle > 100000) {
        hd_finding_at((uint32_t)(uintptr_t)HD_CALLER, 0);
        hd_finding(HD_LIVELOCK,
                   "thread %d yields for ever without looking "
                   "at anything that could change",
                   hd.self->id);
    }
    return 0;
}

HD_LIBC(int, pthread_key_create, pthread_key_t *to, void (*destructor)(void *))
{
    int i;

    for (i = 0; i < KEYS_MAX; i++) {
        if (!key[i].used) {
            key[i] = (struct key){true, destructor};
            hd_access_result(to, &i, sizeof(*to), HD_CALLER);
            hd_progress();
            return 0;
        }
    }
    return EAGAIN;
}

HD_LIBC(int, pthread_key_delete, pthread_key_t which)
{
    if (which >= KEYS_MAX || !key[which].used) {
        return EINVAL;
    }
    key[which].used = false;
    return 0;
}

HD_LIBC(int, pthread_setspecific, pthread_key_t which, const void *value)
{
    if (which >= KEYS_MAX || !key[which].used) {
        return EINVAL;
    }
    hd.self->key_value[which] = (void *)(uintptr_t)value;
    hd_progress();
    return 0;
}

HD_LIBC(void *, pthread_getspecific, pthread_key_t which)
{
    if (which >= KEYS_MAX || !key[which].used) {
        return NULL;
    }
    return hd.self->key_value[which];
}
