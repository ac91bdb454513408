/*
 * Idea: every schedule, without reduction; optionally only those with at
 * most so many preemptions. A preemption is a switch away from a thread that
 * could go on.
 *
 * Reduction together with a bound on preemptions would lose schedules, so
 * there is none here; it is also what the reduced search is compared with.
 *
 * Invariants
 *   1. node.todo: threads not yet tried from here; node.left: outcomes not
 *      yet tried of the chosen thread.
 * Who may call: the engine, through hd_policy_all.
 * Source: Musuvathi, Qadeer: Iterative Context Bounding (PLDI 2007).
 */
#include "finding.h"
#include "options.h"
#include "policy.h"
#include "shared.h"

enum { LEVELS = 6 };

struct node {
    uint64_t todo;
    uint64_t left;
    uint64_t signature;
    int16_t thread;
    int16_t choice;
    int16_t preemptions; /* before this step */
    int16_t incumbent;   /* who could have gone on, or -1 */
    int16_t level;       /* nodes with something to choose up to here */
    bool fresh;          /* outcomes of the thread not yet known */
};

static HD_OWN struct node *node;
static HD_OWN int prefix;
static HD_OWN uint32_t part;

static int
lowest(uint64_t mask)
{
    return __builtin_ctzll(mask);
}

static void
begin(void)
{
    if (node == NULL) {
        node =
            hd_own_reserve(((size_t)hd_options.steps_max + 2) * sizeof(*node));
    }
}

static void
committed(int event)
{
    (void)event;
}

/* The thread whose not being chosen would be a preemption, or -1. */
static int
incumbent(int depth, uint64_t enabled)
{
    int last = depth > 0 ? hd.event[depth - 1].thread : -1;

    return last >= 0 && (enabled >> last & 1) != 0 ? last : -1;
}

static int
take(struct node *here, int id)
{
    struct hd_thread *thread = &hd.thread[id];
    uint64_t can = hd_alternatives(thread);

    here->thread = (int16_t)id;
    here->choice = (int16_t)lowest(can);
    here->left = can & ~(UINT64_C(1) << here->choice);
    here->signature = hd_op_signature(&thread->next);
    here->fresh = false;
    thread->choice = here->choice;
    return id;
}

/* A thread whose next step commutes with all that others can do: it is done
 * at once, or there would be no end of schedules that differ in nothing but
 * when a thread starts and ends. -1: none. */
static int
aside(uint64_t enabled)
{
    int i;

    if (hd_options.search != HD_SEARCH_ALL || hd_options.deaths > 0) {
        return -1;
    }
    for (i = 0; i < hd.width; i++) {
        int kind = hd.thread[i].next.kind;

        if ((enabled >> i & 1) != 0 &&
            (kind == HD_OP_START || kind == HD_OP_CREATE ||
             kind == HD_OP_EXIT || kind == HD_OP_JOIN)) {
            return i;
        }
    }
    return -1;
}

static int
choose_new(int depth)
{
    struct node *here = &node[depth];
    uint64_t enabled = hd_policy_enabled();
    int last = incumbent(depth, enabled);
    int id;

    if (enabled == 0) {
        return hd_policy_stuck();
    }
    here->preemptions = 0;
    here->incumbent = (int16_t)last;
    here->level = depth > 0 ? node[depth - 1].level : 0;
    if (depth > 0) {
        const struct node *before = &node[depth - 1];
        bool preempted =
            before->incumbent >= 0 && before->incumbent != before->thread;

        here->preemptions = (int16_t)(before->preemptions + preempted);
    }
    id = aside(enabled);
    if (id >= 0) {
        here->todo = 0;
        return take(here, id);
    }
    id = last >= 0 ? last : lowest(enabled);
    here->todo = enabled & ~(UINT64_C(1) << id);
    if (last >= 0 && hd_options.search == HD_SEARCH_PREEMPTIONS &&
        here->preemptions >= hd_options.preemptions) {
        hd_shared->cut += here->todo != 0;
        here->todo = 0;
    }
    if (hd_options.jobs > 1 && here->todo != 0 && here->level <= LEVELS) {
        here->level++;
        if (here->level > LEVELS) {
            uint32_t mine = part;

            part++;
            if (!hd_shared_take_part(mine)) {
                return -(int)HD_END_ELSEWHERE;
            }
        }
    }
    return take(here, id);
}

static int
choose(int depth)
{
    struct node *here = &node[depth];
    struct hd_thread *thread;

    if (depth >= prefix) {
        return choose_new(depth);
    }
    thread = &hd.thread[here->thread];
    if (here->fresh) {
        return take(here, here->thread);
    }
    if (here->signature != hd_op_signature(&thread->next) ||
        (hd_alternatives(thread) >> here->choice & 1) == 0) {
        hd_finding(HD_UNSUPPORTED,
                   "the program is not deterministic: after "
                   "the same %d steps thread %d did something else than "
                   "before; it depends on what Heddle does not control",
                   depth, here->thread);
    }
    thread->choice = here->choice;
    return here->thread;
}

static bool
next(void)
{
    int i;

    for (i = hd.events - 1; i >= 0; i--) {
        struct node *here = &node[i];

        if (here->left != 0) {
            here->choice = (int16_t)lowest(here->left);
            here->left &= here->left - 1;
            prefix = i + 1;
            return true;
        }
        if (here->todo != 0) {
            here->thread = (int16_t)lowest(here->todo);
            here->todo &= here->todo - 1;
            here->fresh = true;
            prefix = i + 1;
            return true;
        }
    }
    prefix = 0;
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

const struct hd_policy hd_policy_all = {begin, choose, committed, next, owns};
