#include "wakeup.h"

#include <string.h>

#include "finding.h"
#include "options.h"

enum { BRANCHES_MAX = 1 << 22 };

HD_OWN struct hd_branch *hd_branch;
HD_OWN bool hd_wakeup_full;
static HD_OWN uint32_t branches = 1;
static HD_OWN uint32_t unused;
static HD_OWN int *sequence; /* events of a reversed race, in order */
static HD_OWN int length;

void
hd_wakeup_init(void)
{
    hd_branch = hd_own_reserve(BRANCHES_MAX * sizeof(*hd_branch));
    sequence =
        hd_own_reserve(((size_t)hd_options.steps_max + 3) * sizeof(*sequence));
}

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
        unused = hd_branch[at].next;
    } else if (branches < BRANCHES_MAX - 1) {
        at = branches++;
    } else {
        hd_finding_record(HD_UNSUPPORTED,
                          "the exploration remembers more "
                          "than %d steps to be taken",
                          BRANCHES_MAX);
        hd_wakeup_full = true;
        at = branches;
    }
    hd_branch[at].thread = (int16_t)thread;
    hd_branch[at].choice = (int16_t)choice;
    hd_branch[at].first = 0;
    hd_branch[at].next = 0;
    hd_branch[at].op = *op;
    return at;
}

void
hd_wakeup_free(uint32_t list)
{
    while (list != 0) {
        uint32_t next = hd_branch[list].next;

        if (hd_branch[list].first != 0) {
            uint32_t last = hd_branch[list].first;

            while (hd_branch[last].next != 0) {
                last = hd_branch[last].next;
            }
            hd_branch[last].next = next;
            next = hd_branch[list].first;
        }
        hd_branch[list].next = unused;
        unused = list;
        list = next;
    }
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

/* The thread's next step may be its death as well as its operation: neither
 * alone says what the thread commutes with. */
static bool
mortal(int thread)
{
    return hd_options.deaths > 0 && hd.thread[thread].mortal;
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
    if (mortal(thread)) {
        op.global = true;
    }
    return op;
}

/* Would an execution that starts with the sequence be explored anyway,
 * because one of its possible first steps sleeps here? */
static bool
sleep_covers(int e, int events, uint64_t sleeping, uint64_t foreign)
{
    while (sleeping != 0) {
        int id = __builtin_ctzll(sleeping);
        int at = find_thread(id);

        sleeping &= sleeping - 1;
        if (at >= 0) {
            if (is_initial(at)) {
                return true;
            }
        } else if ((foreign & bit(id)) == 0) {
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
        link = &hd_branch[*link].next;
    }
    for (i = 0; i < length; i++) {
        const struct hd_event *event = &hd.event[sequence[i]];

        *link = branch_new(event->thread, event->choice, &event->op);
        link = &hd_branch[*link].first;
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
    for (; list != 0; list = hd_branch[list].next) {
        const struct hd_branch *one = &hd_branch[list];
        int at = find_thread(one->thread);

        if (at < 0) {
            if (!mortal(one->thread) && commutes_with_all(&one->op)) {
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
        if (hd_branch[at].first == 0) {
            return;
        }
        link = &hd_branch[at].first;
    }
}

void
hd_wakeup_reverse(int first, int second, int events, uint64_t sleeping,
                  uint64_t foreign, uint32_t *tree)
{
    int i;

    if (hd_wakeup_full) {
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
    if (!sleep_covers(first, events, sleeping, foreign)) {
        insert(tree);
    }
}
