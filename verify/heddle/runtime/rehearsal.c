#include "rehearsal.h"

#include <string.h>

#include "finding.h"
#include "options.h"
#include "policy.h"
#include "replay.h"
#include "snapshot.h"

/* A step as it was the first time. */
struct done {
    uint64_t signature;
    uint64_t value;
    struct hd_step_taken taken;
};

static HD_OWN struct done *done;
static HD_OWN struct hd_step_taken *step;

static void
run(int steps)
{
    hd_finding_last = HD_CLEAN;
    hd_replay_set(step, steps);
    hd_model_run();
}

static void
keep(void)
{
    int i;

    for (i = 0; i < hd.events; i++) {
        done[i].signature = hd_op_signature(&hd.event[i].op);
        done[i].value = hd.event[i].op.value;
        step[i] = hd_now_step[i];
    }
}

/* The first step that is not what it was, or the number of steps. */
static int
first_difference(int events)
{
    int i;

    for (i = 0; i < hd.events && i < events; i++) {
        if (done[i].signature != hd_op_signature(&hd.event[i].op) ||
            done[i].value != hd.event[i].op.value ||
            step[i].thread != hd_now_step[i].thread ||
            step[i].choice != hd_now_step[i].choice) {
            return i;
        }
    }
    return i;
}

/* Forget what the two runs left, but for what the explorer is to report. */
static void
forget(void)
{
    hd_shared->founds = 0;
    hd_shared->exits = 0;
    hd_shared->late = false;
    hd_shared->inexact = false;
}

static bool
same_again(void)
{
    enum hd_end end = hd.end;
    enum hd_verdict verdict = hd_finding_last;
    int events = hd.events;
    int at;

    keep();
    run(events);
    at = first_difference(events);
    forget();
    if (at == events && at == hd.events && end == hd.end &&
        verdict == hd_finding_last) {
        return true;
    }
    if (at < hd.events) {
        hd_finding_at(hd.event[at].op.pc, 0);
    }
    hd_finding_record(HD_UNSUPPORTED,
                      "the program is not deterministic: run "
                      "twice by the same schedule it did something else the "
                      "second time, from step %d on; it depends on what "
                      "Heddle does not control",
                      at + 1);
    return false;
}

bool
hd_rehearsal_run(void)
{
    const struct hd_policy *policy = hd_policy;
    bool unreduced = hd.unreduced;
    size_t steps = (size_t)hd_options.steps_max + 2;
    bool fine;

    done = hd_own_reserve(steps * sizeof(*done));
    step = hd_own_reserve(steps * sizeof(*step));
    hd.unreduced = true;
    hd_policy = &hd_policy_replay;
    run(0);
    hd_snapshot_restore();
    (void)hd_snapshot_compare();
    fine = hd_finding_last != HD_UNSUPPORTED;
    if (hd_shared->endless) {
        hd_shared->executions = 1;
        fine = false;
    } else if (hd.end == HD_END_STEPS) {
        forget();
    } else if (fine) {
        fine = same_again();
    }
    hd.unreduced = unreduced;
    hd_policy = policy;
    return fine;
}
