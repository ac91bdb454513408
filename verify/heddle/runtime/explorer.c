#include "explorer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "finding.h"
#include "object.h"
#include "options.h"
#include "policy.h"
#include "rehearsal.h"
#include "replay.h"
#include "snapshot.h"
#include "states.h"
#include "trace.h"

enum { SHRINK_TRIES = 3000, LOOK_EVERY = 4096 };

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A thread that holds what this one waits for, or -1. */
static int
holder(const struct hd_thread *thread)
{
    const struct hd_object *object = thread->object;
    int i;

    switch (thread->next.kind) {
    case HD_OP_RELOCK:
        return thread->signalled ? object->owner : -1;
    case HD_OP_LOCK:
    case HD_OP_TIMEDLOCK:
    case HD_OP_SPIN_LOCK:
        return object->owner;
    case HD_OP_RDLOCK:
    case HD_OP_WRLOCK:
    case HD_OP_TIMEDRDLOCK:
    case HD_OP_TIMEDWRLOCK:
        for (i = 0; i < hd.width && object->owner < 0; i++) {
            if (object->holds[i] > 0) {
                return i;
            }
        }
        return object->owner;
    default:
        return -1;
    }
}

static void
say_stuck(char *text, size_t size_bytes)
{
    size_t used = 0;
    int i;

    text[0] = '\0';
    for (i = 0; i < hd.width && used + 100 < size_bytes; i++) {
        const struct hd_thread *thread = &hd.thread[i];

        if (thread->state != HD_LIVE) {
            continue;
        }
        used += (size_t)snprintf(
            text + used, size_bytes - used, "%sthread %d %s %s",
            used > 0 ? ", " : "", i, thread->spinning ? "spins at" : "waits in",
            thread->next.kind == HD_OP_RELOCK && !thread->signalled
                ? "a condition wait"
                : hd_op_name(thread->next.kind));
        if (thread->spinning || holder(thread) < 0) {
            continue;
        }
        if (holder(thread) == i) {
            used += (size_t)snprintf(text + used, size_bytes - used,
                                     " (it holds it itself)");
        } else {
            used += (size_t)snprintf(text + used, size_bytes - used,
                                     " (thread %d holds it)", holder(thread));
        }
    }
}

static bool
somebody_spins(void)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        if (hd.thread[i].state == HD_LIVE && hd.thread[i].spinning) {
            return true;
        }
    }
    return false;
}

static void
judge(void)
{
    char text[HD_TEXT_BYTES - 80];

    if (hd.end == HD_END_STUCK) {
        say_stuck(text, sizeof(text));
        if (somebody_spins()) {
            hd_finding_record(HD_LIVELOCK,
                              "nobody will ever write what is "
                              "waited for: %s",
                              text);
        } else {
            hd_finding_record(HD_DEADLOCK, "nobody can go on: %s", text);
        }
    } else if (hd.end == HD_END_STEPS) {
        hd_finding_record(HD_LIVELOCK,
                          "the program does not end within %d "
                          "steps",
                          hd_options.steps_max);
    }
}

static void
run_once(void)
{
    hd_finding_last = HD_CLEAN;
    hd_model_run();
    judge();
}

static void
count(void)
{
    if (hd.end == HD_END_ELSEWHERE ||
        (hd_policy->owns != NULL && !hd_policy->owns())) {
        return;
    }
    hd_shared->threads = hd.width;
    hd_shared->steps += (uint64_t)hd.events;
    if ((uint64_t)hd.events > hd_shared->longest) {
        hd_shared->longest = (uint64_t)hd.events;
    }
    if (hd.end == HD_END_REDUNDANT) {
        hd_shared->blocked++;
        return;
    }
    hd_shared->executions++;
}

static bool
bounded(int64_t until)
{
    uint64_t all = hd_shared->executions + hd_shared->blocked;

    if (all >= hd_options.executions_max) {
        snprintf(hd_shared->cut_by, sizeof(hd_shared->cut_by),
                 "--max-executions %llu",
                 (unsigned long long)hd_options.executions_max);
        return true;
    }
    if (until != 0 && all % 256 == 0 && now_ms() >= until) {
        snprintf(hd_shared->cut_by, sizeof(hd_shared->cut_by), "--time %llu",
                 (unsigned long long)hd_options.seconds_max);
        return true;
    }
    return false;
}

/* A failure ends its execution, and what would have come after it is not
 * looked for: with --all that is a bound, and is told. */
static bool ended_early;

/* A deadlock is an end, unless somebody could still have died in it. */
static bool
ends_early(enum hd_verdict verdict)
{
    return verdict != HD_CLEAN &&
           (verdict != HD_DEADLOCK || hd_options.deaths > 0);
}

/* All that the program writes is put back; if not, executions have begun in
 * other states than they should have. A failure that destroys memory tells
 * more by itself. */
static bool
memory_is_ours(void)
{
    hd_snapshot_restore();
    if (hd_snapshot_compare() || hd_shared->founds > 0) {
        return true;
    }
    hd_finding_record(HD_UNSUPPORTED,
                      "the program's data was changed by "
                      "something that Heddle does not see, so that "
                      "executions did not begin alike");
    return false;
}

static void
explore(void)
{
    int64_t until = 0;

    if (hd_options.seconds_max > 0) {
        until = now_ms() + (int64_t)hd_options.seconds_max * 1000;
    }
    for (;;) {
        run_once();
        count();
        hd_states_note();
        if (hd_finding_last == HD_UNSUPPORTED ||
            (hd_finding_last != HD_CLEAN && !hd_options.keep_going)) {
            return;
        }
        ended_early = ended_early || ends_early(hd_finding_last);
        if (hd_shared->executions % LOOK_EVERY == 0 && !memory_is_ours()) {
            return;
        }
        if (!hd_policy->next()) {
            hd_shared->complete =
                hd_finding_last != HD_UNSUPPORTED && memory_is_ours();
            return;
        }
        if (bounded(until)) {
            return;
        }
    }
}

/* With no preemption first, then with one, and so on: the first failure has
 * as few as possible. */
static void
explore_by_bound(void)
{
    int most = hd_options.preemptions;
    int bound;

    for (bound = 0; bound <= most; bound++) {
        hd_options.preemptions = bound;
        hd_shared->cut = 0;
        hd_shared->complete = false;
        explore();
        if (!hd_shared->complete || hd_shared->cut == 0) {
            return;
        }
    }
}

static void
choose_policy(void)
{
    hd.unreduced = true;
    switch (hd_options.search) {
    case HD_SEARCH_REDUCED:
        hd.unreduced = false;
        hd_policy = &hd_policy_reduced;
        return;
    case HD_SEARCH_ALL:
    case HD_SEARCH_PREEMPTIONS:
        hd_policy = &hd_policy_all;
        return;
    case HD_SEARCH_RANDOM:
        hd_policy = &hd_policy_random;
        return;
    case HD_SEARCH_PCT:
        hd_policy = &hd_policy_pct;
        return;
    case HD_SEARCH_REPLAY:
        hd_policy = &hd_policy_replay;
        return;
    }
}

void
hd_explorer_run(void)
{
    choose_policy();
    if (!hd_rehearsal_run()) {
        return;
    }
    if (hd_options.search == HD_SEARCH_PREEMPTIONS) {
        explore_by_bound();
    } else {
        explore();
    }
    if (hd_shared->complete && (hd_options.search == HD_SEARCH_RANDOM ||
                                hd_options.search == HD_SEARCH_PCT)) {
        hd_shared->complete = false;
        snprintf(hd_shared->cut_by, sizeof(hd_shared->cut_by), "--random %llu",
                 (unsigned long long)hd_options.random_count);
    }
    if (hd_shared->complete && ended_early) {
        hd_shared->complete = false;
        snprintf(hd_shared->cut_by, sizeof(hd_shared->cut_by),
                 "--all: a failure ends its execution");
    }
    if (hd_shared->complete && hd_shared->late) {
        hd_shared->complete = false;
        snprintf(hd_shared->cut_by, sizeof(hd_shared->cut_by), "--timeouts %d",
                 hd_options.timeouts);
    }
    if (hd_shared->complete && hd_shared->cut > 0) {
        hd_shared->complete = false;
        snprintf(hd_shared->cut_by, sizeof(hd_shared->cut_by),
                 "--preemptions %d", hd_options.preemptions);
    }
}

void
hd_explorer_replay(const struct hd_step_taken *step, int steps, bool trace)
{
    hd.unreduced = true;
    hd_policy = &hd_policy_replay;
    hd_trace_on = trace;
    hd_replay_set(step, steps);
    run_once();
    if (trace) {
        hd_trace_stuck();
    }
    hd_trace_on = false;
}

static int
switches(const struct hd_step_taken *step, int steps)
{
    int many = 0;
    int i;

    for (i = 1; i < steps; i++) {
        many += step[i].thread != step[i - 1].thread;
    }
    return many;
}

static bool
better(const struct hd_step_taken *old, int old_steps)
{
    int fresh = switches(hd_now_step, hd.events);
    int was = switches(old, old_steps);

    return fresh < was || (fresh == was && hd.events < old_steps);
}

/* Run `candidate`; if it fails alike and is better, it is what `step` holds
 * from then on. */
static bool
try_schedule(const struct hd_step_taken *candidate, int length,
             struct hd_step_taken *step, int *steps, int verdict)
{
    hd_replay_set(candidate, length);
    run_once();
    if ((int)hd_finding_last != verdict || !better(step, *steps)) {
        return false;
    }
    memcpy(step, hd_now_step, (size_t)hd.events * sizeof(*step));
    *steps = hd.events;
    return true;
}

static int
run_end(const struct hd_step_taken *step, int steps, int from)
{
    int i = from + 1;

    while (i < steps && step[i].thread == step[from].thread) {
        i++;
    }
    return i;
}

/* Move the run of steps at `from` to where its thread runs next, or before
 * that, or drop it. */
static int
variant(const struct hd_step_taken *step, int steps, int from, int which,
        struct hd_step_taken *to)
{
    int end = run_end(step, steps, from);
    int next = end;
    int length = 0;
    int i;

    while (next < steps && step[next].thread != step[from].thread) {
        next++;
    }
    for (i = 0; i < steps; i++) {
        if (which == 0 && i >= from && i < end) {
            continue;
        }
        if (which == 1 && i == end && next < steps) {
            int more = run_end(step, steps, next);
            int k;

            for (k = next; k < more; k++) {
                to[length++] = step[k];
            }
        }
        if (which == 1 && next < steps && i >= next &&
            i < run_end(step, steps, next)) {
            continue;
        }
        if (which == 2 && i >= from && i < end) {
            continue;
        }
        if (which == 2 && i == next) {
            int k;

            for (k = from; k < end; k++) {
                to[length++] = step[k];
            }
        }
        to[length++] = step[i];
    }
    return length;
}

int
hd_explorer_shrink(struct hd_step_taken *step, int steps, int verdict)
{
    struct hd_step_taken *candidate = hd_own_reserve(
        ((size_t)hd_options.steps_max * 2 + 2) * sizeof(*candidate));
    int tries = 0;
    int from = 0;

    hd.unreduced = true;
    hd_policy = &hd_policy_replay;
    while (from < steps && tries < SHRINK_TRIES && steps < 4000) {
        bool won = false;
        int which;

        for (which = 0; which < 3 && !won; which++) {
            int length = variant(step, steps, from, which, candidate);

            tries++;
            won = try_schedule(candidate, length, step, &steps, verdict);
        }
        from = won ? 0 : run_end(step, steps, from);
    }
    return steps;
}
