/*
 * Idea: optimal dynamic partial-order reduction. Of all schedules that differ
 * only in the order of operations that do not conflict, one is run.
 *
 * Each step of the running execution is a node. After an execution every
 * race in it is reversed: the events that must still happen before the
 * second of the two, without the first, are a sequence that some execution
 * must start with from the node of the first. It is put into that node's
 * wakeup tree, unless the node's sleep set or the tree shows that an
 * equivalent start is explored anyway.
 *
 * A step with several outcomes (a choice, a signal with several waiters, a
 * death) explores all of them before its thread goes to sleep.
 *
 * To share the work, the first few nodes where several threads can go on are
 * full: every thread that does not sleep is tried there, and races add
 * nothing to them. What lies below the last of them is a part of the search,
 * and goes to the worker that takes it first.
 *
 * With --idle-time, a node where time may pass is full as well: there, each of
 * the waits with the earliest deadline may end, and threads may die. The end
 * of a wait conflicts with everything, so that no other race leads there, and
 * nobody sleeps past it. A thread that sleeps because its deaths are explored
 * wakes there for the end of its wait alone.
 *
 * Invariants
 *   0. A thread put to sleep at a full node covers only sequences that it is
 *      in: what other sequences need is not added there.
 *   1. node.sleep: threads whose next step, from here, is explored fully.
 *   2. node.tree: sequences yet to be explored from here; the sequence being
 *      explored was taken out of it, its rest is the next node's tree.
 * Who may call: the engine, through hd_policy_reduced.
 * Source: Abdulla, Aronis, Jonsson, Sagonas: Source Sets: A Foundation for
 * Optimal Dynamic Partial Order Reduction (JACM 64, 2017), section 6.
 */
#include <string.h>

#include "death.h"
#include "depend.h"
#include "finding.h"
#include "options.h"
#include "policy.h"
#include "wakeup.h"

enum { LEVELS = 3 };

struct node {
    uint64_t sleep;
    uint64_t alternatives; /* of the chosen thread */
    uint64_t tried;        /* of those */
    uint64_t signature;    /* of the chosen thread's operation */
    uint32_t tree;
    uint32_t below;   /* rest of the sequence being followed */
    uint64_t todo;    /* full: threads not yet tried */
    uint64_t covered; /* threads whose deaths are explored elsewhere */
    uint64_t foreign; /* of those asleep: put to sleep at a full node */
    int16_t thread;
    int16_t choice;
    int16_t level; /* full nodes up to and with this one */
    bool full;
    bool idle; /* full, and time passes here */
};

static HD_OWN struct node *node;
static HD_OWN int prefix;          /* nodes fixed before the execution */
static HD_OWN uint32_t part;       /* of the search, counted */
static HD_OWN uint64_t sleep_next; /* of the node about to be made */
static HD_OWN uint64_t foreign_next;

static uint64_t
bit(int thread)
{
    return UINT64_C(1) << thread;
}

static void
begin(void)
{
    if (node == NULL) {
        size_t steps = (size_t)hd_options.steps_max + 2;

        node = hd_own_reserve(steps * sizeof(*node));
        hd_wakeup_init();
    }
    sleep_next = 0;
    foreign_next = 0;
    hd.races_from = prefix > 0 ? prefix - 1 : 0;
}

/* Take the first branch of the tree that can be followed; its thread, or -1
 * if there is none. */
static int
follow(struct node *here)
{
    while (here->tree != 0) {
        uint32_t at = here->tree;
        struct hd_branch *one = &hd_branch[at];
        struct hd_thread *thread = &hd.thread[one->thread];
        uint64_t can = hd_alternatives(thread);

        here->tree = one->next;
        one->next = 0;
        if ((can >> one->choice & 1) != 0) {
            here->thread = one->thread;
            here->choice = one->choice;
            here->below = one->first;
            one->first = 0;
            hd_wakeup_free(at);
            return here->thread;
        }
        hd_wakeup_free(at);
    }
    return -1;
}

static int
lowest(uint64_t mask)
{
    return __builtin_ctzll(mask);
}

/* No sequence to follow: the thread that ran goes on if it can. One that can
 * only die does so when there is nothing else. */
static int
choose_freely(struct node *here, int depth)
{
    int last = depth > 0 ? hd.event[depth - 1].thread : 0;
    int dying = -1;
    int i;
    bool asleep = false;

    for (i = 0; i <= hd.width; i++) {
        int id = i == 0 ? last : i - 1;
        uint64_t can = hd_alternatives(&hd.thread[id]);

        can = hd_alternatives(&hd.thread[id]);
        if (can != 0 && (here->sleep & bit(id)) != 0) {
            asleep = true;
        } else if (can != 0 && (dying < 0 || lowest(can) < HD_DEATH_CHOICE)) {
            here->thread = (int16_t)id;
            here->choice = (int16_t)lowest(can);
            if (here->choice < HD_DEATH_CHOICE) {
                return id;
            }
            dying = id;
        }
    }
    if (dying >= 0) {
        return dying;
    }
    return asleep ? -(int)HD_END_REDUNDANT : hd_policy_stuck();
}

/* A thread whose next step conflicts with nothing at all, or -1. */
static int
harmless(void)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        const struct hd_thread *thread = &hd.thread[i];

        if (thread->state == HD_LIVE && thread->next.accesses == 0 &&
            !thread->next.global && thread->choices == NULL &&
            hd_options.deaths == 0 && hd_ready(thread)) {
            return i;
        }
    }
    return -1;
}

/* Near the start of a search that is shared: the thread to try first at a
 * full node; -1 if this node need not be full, less if there is nothing to
 * try or another worker has this part of the search. */
static int
choose_full(struct node *here, int depth)
{
    uint64_t enabled;
    int id;

    here->full = false;
    here->level = depth > 0 ? node[depth - 1].level : 0;
    if (hd_options.jobs == 1 || here->level > LEVELS) {
        return -1;
    }
    id = harmless();
    if (id >= 0) {
        here->thread = (int16_t)id;
        here->choice = 0;
        return id;
    }
    enabled = hd_policy_enabled();
    here->todo = enabled & ~here->sleep;
    if (here->todo == 0) {
        return enabled == 0 ? hd_policy_stuck() - 1
                            : -(int)HD_END_REDUNDANT - 1;
    }
    here->level++;
    if (here->level > LEVELS) {
        uint32_t mine = part;

        part++;
        return hd_shared_take_part(mine) ? -1 : -(int)HD_END_ELSEWHERE - 1;
    }
    here->full = true;
    id = lowest(here->todo);
    here->todo &= here->todo - 1;
    here->thread = (int16_t)id;
    here->choice = (int16_t)lowest(hd_alternatives(&hd.thread[id]));
    return id;
}

/* What is to be tried of the thread here. */
static uint64_t
wanted(const struct node *here, const struct hd_thread *thread)
{
    uint64_t can = hd_alternatives(thread);

    if ((here->covered & bit(thread->id)) != 0) {
        can &= bit(HD_DEATH_CHOICE) - 1;
    }
    return can;
}

/* Where time may pass: the thread to try first. -1: it may not. */
static int
choose_idle(struct node *here, int depth)
{
    uint64_t expiring = 0;
    int i;

    here->idle = false;
    here->covered = 0;
    if (!hd_idle()) {
        return -1;
    }
    for (i = 0; i < hd.width; i++) {
        expiring |= hd_expires(&hd.thread[i]) ? bit(i) : 0;
    }
    if (expiring == 0) {
        return -1;
    }
    hd_wakeup_free(here->tree);
    here->tree = 0;
    here->idle = true;
    here->full = true;
    here->level = depth > 0 ? node[depth - 1].level : 0;
    here->covered = expiring & here->sleep;
    here->sleep &= ~expiring;
    here->todo = hd_policy_enabled() & ~here->sleep;
    i = lowest(here->todo);
    here->todo &= here->todo - 1;
    here->thread = (int16_t)i;
    here->choice = (int16_t)lowest(wanted(here, &hd.thread[i]));
    return i;
}

static int
choose_new(int depth)
{
    struct node *here = &node[depth];
    int id;

    here->sleep = sleep_next;
    here->foreign = foreign_next;
    here->tree = 0;
    here->below = 0;
    if (depth > 0) {
        here->tree = node[depth - 1].below;
        node[depth - 1].below = 0;
    }
    id = choose_idle(here, depth);
    if (id < 0) {
        id = choose_full(here, depth);
    }
    if (id < -1) {
        return id + 1;
    }
    if (id < 0) {
        id = follow(here);
    }
    if (id < 0) {
        id = choose_freely(here, depth);
    }
    if (id < 0) {
        return id;
    }
    here->alternatives = wanted(here, &hd.thread[id]);
    here->tried = UINT64_C(1) << here->choice;
    here->signature = hd_op_signature(&hd.thread[id].next);
    hd.thread[id].choice = here->choice;
    return id;
}

static _Noreturn void
nondeterministic(int depth)
{
    hd_finding(HD_UNSUPPORTED,
               "the program is not deterministic: after the "
               "same %d steps thread %d did something else than before; it "
               "depends on what Heddle does not control",
               depth, node[depth].thread);
}

static int
choose(int depth)
{
    struct node *here = &node[depth];
    struct hd_thread *thread;
    uint64_t can;

    if (depth >= prefix) {
        return choose_new(depth);
    }
    thread = &hd.thread[here->thread];
    can = wanted(here, thread);
    if (depth == prefix - 1 && here->choice < 0) {
        if (can == 0) {
            return -(int)HD_END_REDUNDANT;
        }
        here->choice = (int16_t)lowest(can);
        here->tried = UINT64_C(1) << here->choice;
    }
    if (depth == prefix - 1) {
        if ((can >> here->choice & 1) == 0) {
            here->alternatives = here->tried;
            return -(int)HD_END_REDUNDANT;
        }
        here->alternatives = can;
        here->signature = hd_op_signature(&thread->next);
    } else if ((can >> here->choice & 1) == 0 ||
               here->signature != hd_op_signature(&thread->next)) {
        nondeterministic(depth);
    }
    thread->choice = here->choice;
    return here->thread;
}

/* Who stays asleep past event e: whose next operation commutes with it. */
static void
committed(int e)
{
    uint64_t sleeping = node[e].sleep;
    const struct hd_op *op = &hd.event[e].op;
    uint64_t foreign = node[e].full ? sleeping : node[e].foreign;
    uint64_t kept = 0;

    if (e < prefix - 1) {
        return;
    }
    while (sleeping != 0) {
        int id = lowest(sleeping);
        const struct hd_thread *thread = &hd.thread[id];
        struct hd_op other = thread->next;

        sleeping &= sleeping - 1;
        if (id == hd.event[e].thread || thread->state != HD_LIVE) {
            continue;
        }
        if (thread->refine != NULL) {
            thread->refine(thread, &other);
        }
        if (thread->timed) {
            other.accesses = 1;
            other.global = node[e].idle;
        }
        hd_death_union(thread, &other);
        if (!hd_op_conflict(&other, op)) {
            kept |= bit(id);
        }
    }
    sleep_next = kept;
    foreign_next = kept & foreign;
}

static void
reverse(int first, int second, int events)
{
    struct node *here = &node[first];

    if (!here->full) {
        hd_wakeup_reverse(first, second, events, here->sleep, here->foreign,
                          &here->tree);
    }
}

/* The death that took this thread of the same process along, or -1. */
static int
taken_by(const struct hd_thread *thread, int events)
{
    int e;

    if (thread->state != HD_DEAD || thread->next.kind == HD_OP_DEATH) {
        return -1;
    }
    for (e = events - 1; e >= 0; e--) {
        if (hd.event[e].op.kind == HD_OP_DEATH &&
            hd.thread[hd.event[e].thread].process == thread->process) {
            return e;
        }
    }
    return -1;
}

/* The thread's next operation might have come before event e. */
static void
pending_before(const struct hd_thread *thread, int e, int at)
{
    int from = hd.races;

    hd_depend_pending(thread, at);
    hd.races = from;
    if (from == HD_RACES_MAX) {
        return;
    }
    hd.race[hd.races] = (struct hd_pair){e, at};
    hd.races++;
}

/* What blocked threads, those that the end of the process cut off, and those
 * that died with another would have done next can race as well. */
static void
pending(int events)
{
    int i;
    int at = events;

    for (i = 0; i < hd.width; i++) {
        const struct hd_thread *thread = &hd.thread[i];
        int death = taken_by(thread, events);

        if (death >= 0) {
            pending_before(thread, death, at);
            at++;
        }
        if (thread->state != HD_LIVE) {
            continue;
        }
        if (hd.end == HD_END_STUCK && thread->ready_before != NULL &&
            !thread->spinning) {
            hd_depend_pending(thread, at);
            at++;
        } else if ((hd.end == HD_END_DONE || hd.end == HD_END_FINDING) &&
                   events > 0 && hd_alternatives(thread) != 0 &&
                   hd.event[events - 1].thread != i) {
            pending_before(thread, events - 1, at);
            at++;
        }
    }
}

/* Try this outcome of the node's thread next, along the sequence that wants
 * it, if there is one. */
static void
take_outcome(struct node *here, int choice)
{
    uint32_t *link = &here->tree;

    here->choice = (int16_t)choice;
    here->tried |= UINT64_C(1) << choice;
    while (*link != 0) {
        struct hd_branch *one = &hd_branch[*link];

        if (one->thread == here->thread && one->choice == here->choice) {
            uint32_t gone = *link;

            here->below = one->first;
            *link = one->next;
            one->first = 0;
            one->next = 0;
            hd_wakeup_free(gone);
            return;
        }
        link = &one->next;
    }
}

/* Try the first thread of the node's tree next; those that went to sleep
 * meanwhile are dropped. */
static bool
take_branch(struct node *here)
{
    while (here->tree != 0) {
        uint32_t at = here->tree;
        struct hd_branch *one = &hd_branch[at];
        bool fresh = one->thread != here->thread;

        here->tree = one->next;
        one->next = 0;
        if (fresh) {
            here->thread = one->thread;
            here->choice = one->choice;
            here->tried = UINT64_C(1) << here->choice;
            here->alternatives = here->tried;
            here->below = one->first;
            one->first = 0;
        }
        hd_wakeup_free(at);
        if (fresh) {
            return true;
        }
    }
    return false;
}

/* What else is to be tried from this node? False if nothing is. */
static bool
advance(struct node *here)
{
    uint64_t left = here->alternatives & ~here->tried;

    if (left != 0) {
        take_outcome(here, lowest(left));
        return true;
    }
    here->sleep |= bit(here->thread);
    if (here->full && (here->todo & ~here->sleep) != 0) {
        here->thread = (int16_t)lowest(here->todo & ~here->sleep);
        here->todo &= ~bit(here->thread);
        here->choice = -1;
        here->tried = 0;
        here->alternatives = 0;
        return true;
    }
    return take_branch(here);
}

static bool
next(void)
{
    int events = hd.events;
    int depth = events > prefix ? events : prefix;
    int i;

    pending(events);
    for (i = 0; i < hd.races; i++) {
        reverse(hd.race[i].first, hd.race[i].second, events);
    }
    if (hd_wakeup_full) {
        return false;
    }
    /* The last node may have been made without an event. */
    for (i = depth - 1; i >= 0; i--) {
        hd_wakeup_free(node[i].below);
        node[i].below = 0;
        if (advance(&node[i])) {
            prefix = i + 1;
            return true;
        }
    }
    return false;
}

static bool
owns(void)
{
    uint32_t mine = part;

    if (hd_options.jobs == 1 ||
        (hd.events > 0 && node[hd.events - 1].level > LEVELS)) {
        return true;
    }
    part++;
    return hd_shared_take_part(mine);
}

const struct hd_policy hd_policy_reduced = {begin, choose, committed, next,
                                            owns};
