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

enum { BRANCHES_MAX = 1 << 22, LEVELS = 3 };

struct branch {
    int16_t thread;
    int16_t choice;
    uint32_t first;         /* child */
    uint32_t next;          /* sibling */
    struct hd_op op;
};

struct node {
    uint64_t sleep;
    uint64_t alternatives;  /* of the chosen thread */
    uint64_t tried;         /* of those */
    uint64_t signature;     /* of the chosen thread's operation */
    uint32_t tree;
    uint32_t below;         /* rest of the sequence being followed */
    uint64_t todo;          /* full: threads not yet tried */
    uint64_t foreign;       /* of those asleep: put to sleep at a full node */
    int16_t thread;
    int16_t choice;
    int16_t level;          /* full nodes up to and with this one */
    bool full;
};

static HD_OWN struct node *node;
static HD_OWN struct branch *branch;
static HD_OWN uint32_t branches = 1;
static HD_OWN uint32_t unused;
static HD_OWN int prefix;           /* nodes fixed before the execution */
static HD_OWN uint32_t part;        /* of the search, counted */
static HD_OWN uint64_t sleep_next;  /* of the node about to be made */
static HD_OWN uint64_t foreign_next;
static HD_OWN int *sequence;        /* events of a reversed race, in order */
static HD_OWN int length;

static uint64_t
bit(int thread)
{
    return UINT64_C(1) << thread;
}

static uint32_t
branch_new(int thread, int choice, const struct hd_op *op)
{
    uint32_t at = unused;

    if (at != 0) {
        unused = branch[at].next;
    } else if (branches < BRANCHES_MAX - 1) {
        at = branches++;
    } else {
        hd_finding_record(HD_UNSUPPORTED, "the exploration remembers more "
                          "than %d steps to be taken", BRANCHES_MAX);
        at = branches;
    }
    branch[at].thread = (int16_t)thread;
    branch[at].choice = (int16_t)choice;
    branch[at].first = 0;
    branch[at].next = 0;
    branch[at].op = *op;
    return at;
}

/* Give back a list of branches with all below them, without recursion. */
static void
branch_free(uint32_t list)
{
    while (list != 0) {
        uint32_t next = branch[list].next;

        if (branch[list].first != 0) {
            uint32_t last = branch[list].first;

            while (branch[last].next != 0) {
                last = branch[last].next;
            }
            branch[last].next = next;
            next = branch[list].first;
        }
        branch[list].next = unused;
        unused = list;
        list = next;
    }
}

static void
begin(void)
{
    if (node == NULL) {
        size_t steps = (size_t)hd_options.steps_max + 2;

        node = hd_own_reserve(steps * sizeof(*node));
        branch = hd_own_reserve(BRANCHES_MAX * sizeof(*branch));
        sequence = hd_own_reserve((steps + 1) * sizeof(*sequence));
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
        struct branch *one = &branch[at];
        struct hd_thread *thread = &hd.thread[one->thread];
        uint64_t can = hd_alternatives(thread);

        here->tree = one->next;
        one->next = 0;
        if ((can >> one->choice & 1) != 0) {
            here->thread = one->thread;
            here->choice = one->choice;
            here->below = one->first;
            one->first = 0;
            branch_free(at);
            return here->thread;
        }
        branch_free(at);
    }
    return -1;
}

static int
lowest(uint64_t mask)
{
    return __builtin_ctzll(mask);
}

/* No sequence to follow: the thread that ran goes on if it can. */
static int
choose_freely(struct node *here, int depth)
{
    int last = depth > 0 ? hd.event[depth - 1].thread : 0;
    uint64_t can = hd_alternatives(&hd.thread[last]);
    int i;
    bool asleep = false;

    for (i = 0; i <= hd.width; i++) {
        int id = i == 0 ? last : i - 1;

        can = hd_alternatives(&hd.thread[id]);
        if (can == 0) {
            continue;
        }
        if ((here->sleep & bit(id)) == 0) {
            here->thread = (int16_t)id;
            here->choice = (int16_t)lowest(can);
            return id;
        }
        asleep = true;
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
    id = choose_full(here, depth);
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
    here->alternatives = hd_alternatives(&hd.thread[id]);
    here->tried = UINT64_C(1) << here->choice;
    here->signature = hd_op_signature(&hd.thread[id].next);
    hd.thread[id].choice = here->choice;
    return id;
}

static _Noreturn void
nondeterministic(int depth)
{
    hd_finding(HD_UNSUPPORTED, "the program is not deterministic: after the "
               "same %d steps thread %d did something else than before; it "
               "depends on what Heddle does not control", depth,
               node[depth].thread);
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
    can = hd_alternatives(thread);
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
        hd_death_union(thread, &other);
        if (!hd_op_conflict(&other, op)) {
            kept |= bit(id);
        }
    }
    sleep_next = kept;
    foreign_next = kept & foreign;
}

static bool
after(int first, int second)
{
    return hd.after[second][hd.event[first].thread] >= hd.event[first].nth;
}

/* Must v[i] come before v[j] in the sequence, i < j? The last is the second
 * event of the race, whose conflicts in this execution do not count. */
static bool
must_precede(int i, int j)
{
    const struct hd_event *early = &hd.event[sequence[i]];
    int late = sequence[j];

    if (j < length - 1) {
        return after(sequence[i], late);
    }
    return hd.before[late][early->thread] >= early->nth ||
           hd_op_conflict(&early->op, &hd.event[late].op);
}

static bool
is_initial(int j)
{
    int i;

    for (i = 0; i < j; i++) {
        if (must_precede(i, j)) {
            return false;
        }
    }
    return true;
}

static int
find_thread(int thread)
{
    int i;

    for (i = 0; i < length; i++) {
        if (hd.event[sequence[i]].thread == thread) {
            return i;
        }
    }
    return -1;
}

static bool
commutes_with_all(const struct hd_op *op)
{
    int i;

    for (i = 0; i < length; i++) {
        if (hd_op_conflict(op, &hd.event[sequence[i]].op)) {
            return false;
        }
    }
    return true;
}

/* What a thread that sleeps at node e, and is not in the sequence, would do
 * from there: its next event of the execution, or what it waits to do. */
static struct hd_op
next_operation(int thread, int e, int events)
{
    int i;
    struct hd_op op = hd.thread[thread].next;

    for (i = e + 1; i < events; i++) {
        if (hd.event[i].thread == thread) {
            op = hd.event[i].op;
            break;
        }
    }
    hd_op_widen(&op);
    if (hd.thread[thread].may_die && hd_options.deaths > 0) {
        op.global = true;
    }
    return op;
}

/* Would an execution that starts with the sequence be explored anyway,
 * because one of its possible first steps sleeps here? */
static bool
sleep_covers(int e, int events)
{
    uint64_t sleeping = node[e].sleep;

    while (sleeping != 0) {
        int id = lowest(sleeping);
        int at = find_thread(id);

        sleeping &= sleeping - 1;
        if (at >= 0) {
            if (is_initial(at)) {
                return true;
            }
        } else if ((node[e].foreign & bit(id)) == 0) {
            struct hd_op op = next_operation(id, e, events);

            if (commutes_with_all(&op)) {
                return true;
            }
        }
    }
    return false;
}

static void
append(uint32_t *link)
{
    int i;

    while (*link != 0) {
        link = &branch[*link].next;
    }
    for (i = 0; i < length; i++) {
        const struct hd_event *event = &hd.event[sequence[i]];

        *link = branch_new(event->thread, event->choice, &event->op);
        link = &branch[*link].first;
    }
}

static void
sequence_drop(int i)
{
    length--;
    memmove(&sequence[i], &sequence[i + 1],
            (size_t)(length - i) * sizeof(*sequence));
}

/* The branch of this list that the sequence can go on along; drops from the
 * sequence the event that the branch does. 0: none. */
static uint32_t
matching(uint32_t list)
{
    for (; list != 0; list = branch[list].next) {
        const struct branch *one = &branch[list];
        int at = find_thread(one->thread);

        if (at < 0) {
            if (commutes_with_all(&one->op)) {
                return list;
            }
        } else if (hd.event[sequence[at]].choice == one->choice &&
                   is_initial(at)) {
            sequence_drop(at);
            return list;
        }
    }
    return 0;
}

static void
insert(uint32_t *link)
{
    while (length > 0) {
        uint32_t at = matching(*link);

        if (at == 0) {
            append(link);
            return;
        }
        if (branch[at].first == 0) {
            return;
        }
        link = &branch[at].first;
    }
}

static void
reverse(int first, int second, int events)
{
    int i;

    if (node[first].full) {
        return;
    }
    length = 0;
    for (i = first + 1; i < events; i++) {
        if (i != second && !after(first, i)) {
            sequence[length] = i;
            length++;
        }
    }
    sequence[length] = second;
    length++;
    if (!sleep_covers(first, events)) {
        insert(&node[first].tree);
    }
}

/* What blocked threads, and those that the end of the process cut off, would
 * have done next can race as well. */
static void
pending(int events)
{
    int i;
    int at = events;

    for (i = 0; i < hd.width; i++) {
        const struct hd_thread *thread = &hd.thread[i];
        int from = hd.races;

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
            hd_depend_pending(thread, at);
            hd.races = from;
            hd.race[hd.races] = (struct hd_pair){events - 1, at};
            hd.races++;
            at++;
        }
    }
}

static bool
advance(struct node *here)
{
    uint64_t left = here->alternatives & ~here->tried;
    uint32_t *link;

    if (left != 0) {
        here->choice = (int16_t)lowest(left);
        here->tried |= UINT64_C(1) << here->choice;
        for (link = &here->tree; *link != 0; link = &branch[*link].next) {
            struct branch *one = &branch[*link];

            if (one->thread == here->thread && one->choice == here->choice) {
                uint32_t gone = *link;

                here->below = one->first;
                *link = one->next;
                one->first = 0;
                one->next = 0;
                branch_free(gone);
                break;
            }
        }
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
    while (here->tree != 0) {
        uint32_t at = here->tree;

        here->tree = branch[at].next;
        branch[at].next = 0;
        if (branch[at].thread != here->thread) {
            here->thread = branch[at].thread;
            here->choice = branch[at].choice;
            here->tried = UINT64_C(1) << here->choice;
            here->alternatives = here->tried;
            here->below = branch[at].first;
            branch[at].first = 0;
            branch_free(at);
            return true;
        }
        branch_free(at);
    }
    return false;
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
    /* The last node may have been made without an event. */
    for (i = depth - 1; i >= 0; i--) {
        branch_free(node[i].below);
        node[i].below = 0;
        if (advance(&node[i])) {
            prefix = i + 1;
            return true;
        }
    }
    return false;
}

const struct hd_policy hd_policy_reduced = {begin, choose, committed, next};
