#include "supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crash.h"
#include "explorer.h"
#include "finding.h"
#include "options.h"
#include "policy.h"
#include "replay.h"
#include "report.h"
#include "states.h"

enum {
    JOBS_MAX = 64,
    SCHEDULE_BYTES = 65536,
    STILL_SECONDS = 20,
    WAIT_MS = 50,
    PROGRESS_MS = 500
};

struct job {
    pid_t pid;
    struct hd_shared_set set;
    uint64_t seen;
    double seen_at;
    int number;
};

enum task { EXPLORE, SHRINK, TRACE };

static HD_OWN struct job job[JOBS_MAX];
static HD_OWN double started;
static HD_OWN double told;

static double
now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
work(struct job *mine, enum task task, int found)
{
    struct hd_shared *shared = mine->set.shared;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    hd_shared_use(&mine->set);
    hd_model_init();
    hd_crash_init();
    if (task == EXPLORE) {
        hd_random_start((uint64_t)mine->number);
        hd_explorer_run();
        hd_states_print();
    } else if (task == SHRINK) {
        shared->found[found].steps = hd_explorer_shrink(
            mine->set.found_step[found], shared->found[found].steps,
            shared->found[found].verdict);
    } else {
        hd_explorer_replay(mine->set.found_step[found],
                           shared->found[found].steps, true);
    }
}

static void
start(struct job *one, enum task task, int found)
{
    fflush(stdout);
    fflush(stderr);
    one->pid = fork();
    if (one->pid < 0) {
        fprintf(stderr, "heddle: no worker process could be started\n");
        exit(2);
    }
    if (one->pid == 0) {
        work(one, task, found);
        fflush(stdout);
        _exit(0);
    }
    one->seen = 0;
    one->seen_at = now();
}

static void
pause_ms(long ms)
{
    struct timespec length = {0, ms * 1000000};

    nanosleep(&length, NULL);
}

static void
progress(int jobs)
{
    uint64_t executions = 0;
    uint64_t blocked = 0;
    int i;

    if (!hd_options.progress || hd_options.quiet ||
        now() - told < PROGRESS_MS / 1000.0) {
        return;
    }
    told = now();
    for (i = 0; i < jobs; i++) {
        executions += job[i].set.shared->executions;
        blocked += job[i].set.shared->blocked;
    }
    fprintf(stderr, "\rheddle: %llu executions, %llu blocked, %.0f/s, %.0f s ",
            (unsigned long long)executions, (unsigned long long)blocked,
            (double)executions / (told - started), told - started);
}

/* A worker that was ended from outside, or by what the program under test
 * did to it: a finding, with the schedule that it was in. */
static void
lost(struct job *one, enum hd_verdict verdict, const char *text)
{
    struct hd_shared *shared = one->set.shared;
    struct hd_found *found = &shared->found[shared->founds];

    if (shared->founds == HD_FOUND_MAX) {
        return;
    }
    memset(found, 0, sizeof(*found));
    found->verdict = (int)verdict;
    snprintf(found->text, sizeof(found->text), "%s", text);
    found->steps = shared->now_steps;
    found->here.thread = -1;
    found->other.thread = -1;
    memcpy(one->set.found_step[shared->founds], one->set.now_step,
           (size_t)shared->now_steps * sizeof(struct hd_step_taken));
    shared->broken = true;
    shared->founds++;
}

/* Status 4: it found out before the first execution that it cannot run. */
static bool
ended_well(int status, const struct hd_shared *shared)
{
    return WIFEXITED(status) &&
           (WEXITSTATUS(status) == 0 ||
            (WEXITSTATUS(status) == 4 && shared->founds > 0));
}

/* True if the worker has ended. */
static bool
watch(struct job *one, bool records)
{
    struct hd_shared *shared = one->set.shared;
    int status;
    uint64_t sign = shared->executions + shared->blocked + shared->steps +
                    (uint64_t)shared->now_steps;

    if (one->pid == 0) {
        return true;
    }
    if (waitpid(one->pid, &status, WNOHANG) == one->pid) {
        one->pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
            exit(2); /* it has said why */
        }
        if (records && !ended_well(status, shared)) {
            lost(one, HD_CRASH, "the program destroyed its process");
        }
        return true;
    }
    if (sign != one->seen) {
        one->seen = sign;
        one->seen_at = now();
    } else if (now() - one->seen_at > STILL_SECONDS) {
        kill(one->pid, SIGKILL);
        waitpid(one->pid, &status, 0);
        one->pid = 0;
        if (records) {
            lost(one, HD_LIVELOCK,
                 "a thread runs for ever without a step "
                 "that others can see, and without touching memory");
        }
        return true;
    }
    return false;
}

static bool
found_something(int jobs)
{
    int i;

    for (i = 0; i < jobs; i++) {
        if (job[i].pid == 0 && job[i].set.shared->founds > 0) {
            return true;
        }
    }
    return false;
}

static void
stop_all(int jobs)
{
    int i;

    for (i = 0; i < jobs; i++) {
        if (job[i].pid != 0) {
            kill(job[i].pid, SIGKILL);
            waitpid(job[i].pid, NULL, 0);
            job[i].pid = 0;
        }
    }
}

static void
wait_for(int jobs, bool records)
{
    for (;;) {
        bool all = true;
        int i;

        for (i = 0; i < jobs; i++) {
            all = watch(&job[i], records) && all;
        }
        if (all) {
            return;
        }
        if (jobs > 1 && !hd_options.keep_going && found_something(jobs)) {
            stop_all(jobs);
            return;
        }
        progress(jobs);
        pause_ms(now() - started < 0.5 ? 2 : WAIT_MS);
    }
}

static void
merge(struct hd_summary *sum, int jobs)
{
    struct rusage used;
    int i;

    memset(sum, 0, sizeof(*sum));
    sum->complete = true;
    for (i = 0; i < jobs; i++) {
        const struct hd_shared *one = job[i].set.shared;

        sum->executions += one->executions;
        sum->blocked += one->blocked;
        sum->steps += one->steps;
        sum->threads = one->threads;
        sum->exits += one->exits;
        if (one->exits > 0) {
            sum->exit_status = one->exit_status;
        }
        sum->longest =
            one->longest > sum->longest ? one->longest : sum->longest;
        sum->complete = sum->complete && one->complete;
        sum->inexact = sum->inexact || one->inexact;
        if (one->cut_by[0] != '\0') {
            snprintf(sum->cut_by, sizeof(sum->cut_by), "%s", one->cut_by);
        }
    }
    sum->seconds = now() - started;
    getrusage(RUSAGE_CHILDREN, &used);
    sum->memory_kb = used.ru_maxrss;
}

static bool
is_known(const struct hd_shared *in, const struct hd_found *found)
{
    int i;

    for (i = 0; i < in->founds; i++) {
        if (in->found[i].verdict == found->verdict &&
            strcmp(in->found[i].text, found->text) == 0) {
            return true;
        }
    }
    return false;
}

/* Put the other workers' findings after the first one's. */
static void
gather(int jobs)
{
    struct hd_shared *to = job[0].set.shared;
    int i;
    int k;

    for (i = 1; i < jobs; i++) {
        const struct hd_shared *from = job[i].set.shared;

        for (k = 0; k < from->founds && to->founds < HD_FOUND_MAX; k++) {
            if (is_known(to, &from->found[k])) {
                continue;
            }
            to->found[to->founds] = from->found[k];
            memcpy(job[0].set.found_step[to->founds], job[i].set.found_step[k],
                   (size_t)from->found[k].steps * sizeof(struct hd_step_taken));
            to->founds++;
        }
    }
}

static int
status_of(int verdict)
{
    switch (verdict) {
    case HD_CLEAN:
        return 0;
    case HD_CUT:
        return 3;
    case HD_UNSUPPORTED:
        return 4;
    default:
        return 1;
    }
}

static char *
schedule_of(const struct job *one, int found)
{
    char *text = malloc(SCHEDULE_BYTES);

    if (text == NULL) {
        exit(2);
    }
    hd_replay_format(one->set.found_step[found],
                     one->set.shared->found[found].steps, text, SCHEDULE_BYTES);
    return text;
}

/* Shrink finding number f, then run it once more with the trace on. */
static void
explain(struct job *one, int f)
{
    struct hd_found kept = one->set.shared->found[f];
    int founds = one->set.shared->founds;

    if (!one->set.shared->endless) {
        start(one, SHRINK, f);
        wait_for(1, false);
        kept.steps = one->set.shared->found[f].steps;
    }
    one->set.shared->founds = 0;
    start(one, TRACE, f);
    wait_for(1, false);
    if (one->set.shared->founds > 0 &&
        one->set.shared->found[0].verdict == kept.verdict && f == 0) {
        kept = one->set.shared->found[0];
    }
    one->set.shared->founds = founds;
    one->set.shared->found[f] = kept;
}

static int
report(struct job *one, struct hd_summary *sum)
{
    struct hd_shared *shared = one->set.shared;
    char *schedules[HD_FOUND_MAX];
    int shown = 0;
    int i;

    hd_shared_use(&one->set);
    sum->verdict = shared->founds > 0 ? shared->found[0].verdict
                   : sum->complete    ? HD_CLEAN
                                      : HD_CUT;
    for (i = shared->founds - 1; i >= 0; i--) {
        if (i == 0) {
            explain(one, i);
        }
        schedules[i] = schedule_of(one, i);
    }
    if (shared->founds > 0) {
        hd_report_load(&shared->found[0], shared);
    }
    if (hd_options.json) {
        hd_report_json(sum, shared->found, shared->founds, schedules);
    } else {
        if (shared->founds > 0) {
            hd_report_picture(stdout, &shared->found[0], shared, schedules[0]);
        }
        for (shown = 1; shown < shared->founds; shown++) {
            printf("also: %s: %s\n  schedule: %s\n",
                   hd_verdict_name(shared->found[shown].verdict),
                   shared->found[shown].text, schedules[shown]);
        }
        hd_report_summary(stdout, sum);
    }
    if (hd_options.html != NULL) {
        hd_report_page(hd_options.html, sum,
                       shared->founds > 0 ? &shared->found[0] : NULL, shared,
                       shared->founds > 0 ? schedules[0] : "");
    }
    return status_of(sum->verdict);
}

/* In this very process, so that a debugger sees the program. */
static int
replay(void)
{
    struct job *one = &job[0];
    static HD_OWN struct hd_summary sum;
    int steps;

    hd_shared_use(&one->set);
    steps = hd_replay_parse(hd_options.schedule, one->set.found_step[0],
                            hd_options.steps_max);
    if (steps < 0) {
        fprintf(stderr,
                "heddle: --replay %s is not understood: a schedule "
                "is wanted, as a report prints it\n",
                hd_options.schedule);
        return 2;
    }
    hd_options.output = hd_options.output || !hd_options.json;
    hd_model_init();
    hd_crash_init();
    hd_explorer_replay(one->set.found_step[0], steps, true);
    if (hd_replay_skipped() > 0) {
        fprintf(stderr,
                "heddle: --replay %s: %d of its steps could not be "
                "taken: it is the schedule of another program, other "
                "arguments or options\n",
                hd_options.schedule, hd_replay_skipped());
    }
    hd_shared->executions = 1;
    hd_shared->steps = (uint64_t)hd_shared->now_steps;
    hd_shared->longest = hd_shared->steps;
    snprintf(hd_shared->cut_by, sizeof(hd_shared->cut_by), "--replay");
    merge(&sum, 1);
    sum.complete = false;
    sum.verdict = hd_shared->founds > 0 ? hd_shared->found[0].verdict : HD_CUT;
    if (hd_options.json) {
        char *text = malloc(SCHEDULE_BYTES);

        if (text == NULL) {
            exit(2);
        }
        hd_replay_format(hd_now_step, hd_shared->now_steps, text,
                         SCHEDULE_BYTES);
        hd_report_json(&sum, hd_shared->found, hd_shared->founds, &text);
    } else {
        struct hd_found none;

        memset(&none, 0, sizeof(none));
        none.verdict = HD_CUT;
        snprintf(none.text, sizeof(none.text),
                 "nothing is wrong in this one "
                 "schedule, which says nothing of others");
        none.here.thread = -1;
        none.other.thread = -1;
        if (hd_shared->founds > 0) {
            none = hd_shared->found[0];
        }
        hd_report_load(&none, hd_shared);
        hd_report_picture(stdout, &none, hd_shared, hd_options.schedule);
        if (hd_options.html != NULL) {
            hd_report_page(hd_options.html, &sum, &none, hd_shared,
                           hd_options.schedule);
        }
    }
    return status_of(sum.verdict);
}

int
hd_supervisor_run(void)
{
    static HD_OWN struct hd_summary sum;
    int jobs = hd_options.jobs;
    int i;

    started = now();
    for (i = 0; i < jobs; i++) {
        job[i].number = i;
        hd_shared_create(&job[i].set);
    }
    if (hd_options.search == HD_SEARCH_REPLAY) {
        return replay();
    }
    if (jobs > 1) {
        hd_parts = hd_own_share(HD_PARTS_MAX);
    }
    for (i = 0; i < jobs; i++) {
        start(&job[i], EXPLORE, 0);
    }
    wait_for(jobs, true);
    if (hd_options.progress && !hd_options.quiet && told > 0) {
        fprintf(stderr, "\n");
    }
    merge(&sum, jobs);
    gather(jobs);
    return report(&job[0], &sum);
}
