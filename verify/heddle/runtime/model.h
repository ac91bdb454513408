/*
 * Idea: the state of one execution: its threads, the operations they have
 * done, and what each wants to do next.
 *
 * A thread of the program is a user-level context. Before it does anything
 * that another thread could see, it describes the operation in `next` and
 * calls hd_step(), which returns when the explorer has let it go on; what it
 * does until its next hd_step() is part of the same step. Plain memory
 * accesses are not steps: race detection makes sure that their order never
 * matters.
 *
 * Invariants
 *   1. Exactly one context runs; hd.self is its thread, NULL in the explorer.
 *   2. A thread's number depends on its parent's number and on which of the
 *      parent's children it is, never on the schedule.
 *   3. hd.after[e][t] is how many events of thread t happen before or are
 *      event e, in the order that conflicts give; hd.before[e] is the same
 *      without the conflicts of e itself.
 * Who may call: the runtime.
 * Source: Abdulla, Aronis, Jonsson, Sagonas: Source Sets (JACM 2017).
 */
#ifndef HEDDLE_MODEL_H
#define HEDDLE_MODEL_H

#include "op.h"
#include "own.h"

enum hd_state { HD_UNUSED, HD_LIVE, HD_DONE, HD_DEAD };

enum hd_end {
    HD_END_NONE,
    HD_END_DONE,      /* every thread ended, or the process did */
    HD_END_STUCK,     /* nobody can go on */
    HD_END_REDUNDANT, /* cut: every continuation is explored elsewhere */
    HD_END_ELSEWHERE, /* cut: this part of the search is another worker's */
    HD_END_FINDING,   /* a finding was recorded */
    HD_END_STEPS      /* the step bound was reached */
};

enum {
    HD_FRAMES_MAX = 200,
    HD_SPIN_SITES = 32,
    HD_SPIN_OBJECTS = 12,
    HD_DEATH_CHOICE = 48,
    HD_CHOICES_MAX = 32,
    HD_RACES_MAX = 1 << 20
};

/* One place of the code that a thread came to, and in what local state. */
struct hd_site {
    uint64_t place; /* return address and kind of operation */
    uint64_t visits;
    uint64_t local;    /* hash of registers and stack */
    uint64_t progress; /* the thread's progress when it was there */
    int event;         /* the model's events when it was there */
};

struct hd_thread {
    void *sp;
    int id;
    enum hd_state state;
    int parent;
    int children;
    uint32_t steps;
    int last; /* its last event, or -1 */

    struct hd_op next;
    /* All four may be NULL: always ready, one choice, as described. */
    bool (*ready)(const struct hd_thread *);
    bool (*ready_before)(const struct hd_thread *, int32_t state);
    int (*choices)(const struct hd_thread *);
    void (*refine)(const struct hd_thread *, struct hd_op *);
    void *object;    /* of the operation; owned by its file */
    uint64_t number; /* likewise */
    bool timed;      /* not ready, it still ends at `until` */
    int64_t until;
    bool expires; /* its last step was that end */
    int choice;   /* what the explorer chose */

    uint32_t clock[HD_THREADS_MAX];    /* happens-before, as C11 has it */
    uint32_t acquired[HD_THREADS_MAX]; /* seen by relaxed loads */
    uint32_t released[HD_THREADS_MAX]; /* at the last release fence */
    uint32_t depends[HD_THREADS_MAX];  /* conflict order before `next` */

    uint32_t frame[HD_FRAMES_MAX]; /* call stack: return addresses */
    int frames;
    int error; /* errno while it does not run */

    struct hd_site site[HD_SPIN_SITES];
    uint64_t progress; /* grows when it changes anything */
    bool spinning;     /* waits until one of these is written */
    int spin_objects;
    int spin_since;
    uint64_t spin_object[HD_SPIN_OBJECTS];

    void *(*function)(void *);
    void *argument;
    void *result;
    bool detached;
    bool joined;
    bool finished;  /* its exit has happened */
    bool signalled; /* a condition wait or futex was woken */
    bool spurned;   /* a weak exchange just failed for nothing */
    bool may_die;
    bool mortal;     /* it could have died at some step */
    bool dying;      /* dead, but for the mutexes it still holds */
    char name[16];   /* as pthread_setname_np has it */
    uint64_t chance; /* where its random numbers are */
    int process;
    int mutexes;   /* held */
    int timeouts;  /* waits of its that ended by themselves */
    uint64_t idle; /* plain accesses since its last step */
    uintptr_t stack_low;
    uintptr_t stack_high;
    uintptr_t tls; /* thread pointer, 0 where not switched */
    void *key_value[32];
};

struct hd_event {
    struct hd_op op;
    int16_t thread;
    int16_t choice;
    uint32_t nth;    /* which event of its thread, from 1 */
    int32_t earlier; /* the thread's event before it, or -1 */
};

struct hd_pair {
    int32_t first;
    int32_t second;
};

struct hd_model {
    struct hd_thread *thread;
    struct hd_thread *self;
    int width; /* numbers of threads ever given */
    struct hd_event *event;
    int events;
    uint32_t (*after)[HD_THREADS_MAX];
    uint32_t (*before)[HD_THREADS_MAX];
    struct hd_pair *race; /* reversible races of this execution */
    int races;
    int races_from; /* only events from here on are looked at */
    uint32_t stamp; /* which execution: tells stale entries */
    uint64_t live;  /* a bit for each live thread */
    enum hd_end end;
    void *explorer_sp;
    int deaths;     /* so far */
    bool unreduced; /* conflicts are not needed */
    bool in_model;  /* a thread's code is running, not ours */
};

extern struct hd_model hd;

/* Behind the events of an execution: for the end of a wait whose time was up,
 * event e, what it could have got at other moments is event
 * hd_missed_at() + e. */
int hd_missed_at(void);

/* Once, before the first execution. */
void hd_model_init(void);
/* Run the program once from its snapshot; hd.end says how it ended. */
void hd_model_run(void);
/* The running thread wants to do self->next: returns when it may, with
 * self->choice set. What follows up to the next call is one step. */
void hd_step(void);
/* End the execution here; does not return to the calling thread. */
_Noreturn void hd_model_end(enum hd_end end);

/* Start describing the running thread's next operation. */
struct hd_op *hd_next(enum hd_kind kind, const void *pc);
/* Also: it blocks, and access[0] decides whether it is ready. */
void hd_next_blocks(bool (*ready)(const struct hd_thread *),
                    bool (*ready_before)(const struct hd_thread *, int32_t));

bool hd_ready(const struct hd_thread *thread);
/* Would the thread's next step be the end of a wait whose time is up? */
bool hd_expires(const struct hd_thread *thread);
/* With --idle-time: nobody can go on but those whose time is up. */
bool hd_idle(void);
/* A bit for each way in which the thread's next step can go; 0: blocked. */
uint64_t hd_alternatives(const struct hd_thread *thread);
/* A new thread of the running one, or the first; does not run yet. */
struct hd_thread *hd_thread_new(void *(*function)(void *), void *argument);
/* What thread does happens after all that the running thread did. */
void hd_wake_edge(struct hd_thread *thread);
void hd_progress(void);

#define HD_CALLER __builtin_return_address(0)

/* Define a function of the C library as the code under test sees it: the
 * compiler's output is renamed so that `name` becomes `hd_libc_name`. */
#define HD_LIBC(type, name, ...)      \
    type hd_libc_##name(__VA_ARGS__); \
    type hd_libc_##name(__VA_ARGS__)

/* The same, entered through a stub that saves the registers a loop may keep
 * its state in, so that a loop that changes nothing is recognized. */
#define HD_LIBC_LOOP(type, name, ...)           \
    HD_STUB("hd_libc_" #name, "hd_loop_" #name) \
    type hd_loop_##name(__VA_ARGS__);           \
    type hd_loop_##name(__VA_ARGS__)

#define HD_STUB(entry, target)                                            \
    __asm__(".text\n.globl " entry "\n.type " entry ", @function\n" entry \
            ":\n"                                                         \
            "movq %rbx, hd_entry(%rip)\n"                                 \
            "movq %rbp, hd_entry+8(%rip)\n"                               \
            "movq %r12, hd_entry+16(%rip)\n"                              \
            "movq %r13, hd_entry+24(%rip)\n"                              \
            "movq %r14, hd_entry+32(%rip)\n"                              \
            "movq %r15, hd_entry+40(%rip)\n"                              \
            "movq %rsp, hd_entry+48(%rip)\n"                              \
            "jmp " target "\n.size " entry ", .-" entry "\n");

#endif
