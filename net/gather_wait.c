#include "gather_wait.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "gather_parent.h"
#include "gather_verdict.h"

#define ABANDON_NS (10 * CLOCK_NS_PER_S)
#define PROGRESS_NS (100 * CLOCK_NS_PER_MS)

/* ---- What became of whom. ---- */

static void
record(struct gather *gather, unsigned which,
       const struct gather_result *result)
{
    struct gather_child *child = &gather->children[which];
    const struct collector_report report =
        collector_forget(&gather->collector, which);

    child->result.outcome = result->outcome;
    child->result.number = result->number;
    child->result.length_bytes = (size_t)report.bytes;
    if (result->outcome == GATHER_COMPLETE) {
        child->result.type = report.type;
        child->result.data = collector_take(&gather->collector, which);
    } else if (gather->options.fail_fast) {
        gather->is_stopping = true;
    }
}

/* What was not started stays so; all others are judged by what is known. */
static void
judge(struct gather *gather, unsigned which, uint64_t now_ns,
      uint64_t *again_ns)
{
    struct gather_child *child = &gather->children[which];
    struct gather_result result = {0};
    const struct gather_facts facts = {
        .report = collector_look(&gather->collector, which),
        .process = child->origin == GATHER_CHILD_HERE ? &child->process : NULL,
        .signalled = child->signalled,
        .is_stopping = gather->is_stopping,
        .now_ns = now_ns,
        .deadline_ns = gather->deadline_ns,
    };

    if (child->origin == GATHER_CHILD_NONE) {
        result.outcome = GATHER_NOT_STARTED;
        result.number = child->result.number;
        record(gather, which, &result);
    } else if (gather_verdict_reach(&facts, &result, again_ns)) {
        record(gather, which, &result);
    }
}

static void
count(struct gather *gather)
{
    struct gather_progress progress = {.children = gather->options.children};

    for (unsigned i = 0; i < progress.children; i++) {
        const struct gather_child *child = &gather->children[i];
        const struct collector_report report =
            collector_look(&gather->collector, i);
        progress.bytes += report.bytes;
        if (child->result.outcome == GATHER_COMPLETE) {
            progress.complete++;
        } else if (gather_child_is_decided(child)) {
            progress.failed++;
        } else if (report.state == COLLECTOR_OPEN) {
            progress.connected++;
        }
    }
    gather->progress = progress;
}

void
gather_wait_tell(struct gather *gather)
{
    count(gather);
    if (gather->options.progress) {
        gather->options.progress(gather->options.context, gather);
    }
}

static void
tell_progress(struct gather *gather, uint64_t now_ns, uint64_t *again_ns)
{
    if (!gather->options.progress) {
        return;
    }
    if (now_ns >= clock_add_ns(gather->told_ns, PROGRESS_NS)) {
        gather->told_ns = now_ns;
        gather_wait_tell(gather);
    }
    if (*again_ns > gather->told_ns + PROGRESS_NS) {
        *again_ns = gather->told_ns + PROGRESS_NS;
    }
}

/* Look at all that is not decided; how many are left so. */
static unsigned
judge_all(struct gather *gather, uint64_t *again_ns)
{
    const uint64_t now_ns = clock_now_ns(NULL);
    unsigned left = 0;

    if (atomic_load(&gather->stopped)) {
        gather->is_stopping = true;
    }
    const bool was_stopping = gather->is_stopping;
    for (unsigned i = 0; i < gather->options.children; i++) {
        if (!gather_child_is_decided(&gather->children[i])) {
            judge(gather, i, now_ns, again_ns);
            left += !gather_child_is_decided(&gather->children[i]);
        }
    }
    if (!was_stopping && gather->is_stopping) {
        *again_ns = now_ns; /* once more, for those that came before */
    }
    tell_progress(gather, now_ns, again_ns);
    return left;
}

/* How many live on. */
static unsigned
press_all(struct gather *gather, bool is_last, uint64_t *again_ns)
{
    const uint64_t now_ns = clock_now_ns(NULL);
    unsigned alive = 0;

    for (unsigned i = 0; i < gather->options.children; i++) {
        gather_child_press(&gather->children[i], is_last, now_ns, again_ns);
        alive += gather_child_is_alive(&gather->children[i]);
    }
    return alive;
}

/* ---- The loop. ---- */

/* Who declared an error; a signal from anybody else is nobody's. */
static void
take_signals(struct gather *gather)
{
    struct signalfd_siginfo signal;

    while (read(gather->signals, &signal, sizeof signal) ==
           (ssize_t)sizeof signal) {
        for (unsigned i = 0; i < gather->options.children; i++) {
            struct gather_child *child = &gather->children[i];
            if (child->origin == GATHER_CHILD_HERE &&
                child->process.pid == (pid_t)signal.ssi_pid) {
                child->signalled = (int)signal.ssi_signo;
            }
        }
    }
}

static void
look_at_processes(struct gather *gather)
{
    for (unsigned i = 0; i < gather->options.children; i++) {
        struct gather_child *child = &gather->children[i];
        const bool is_told =
            gather->awaited[i + GATHER_PARENT_AWAITED].revents != 0;
        if (gather_child_is_alive(child) &&
            (is_told || child->process.fd < 0)) {
            (void)process_look(&child->process);
        }
    }
}

/* Whoever has no descriptor is asked for again soon. */
static uint64_t
prepare(struct gather *gather, uint64_t until_ns)
{
    const uint64_t nap_ns = clock_now_ns(NULL) + PROCESS_NAP_NS;

    gather->awaited[0] =
        (struct pollfd){.fd = gather->changed, .events = POLLIN};
    gather->awaited[1] =
        (struct pollfd){.fd = gather->signals, .events = POLLIN};
    for (unsigned i = 0; i < gather->options.children; i++) {
        const struct gather_child *child = &gather->children[i];
        const int fd = gather_child_is_alive(child) ? child->process.fd : -1;
        gather->awaited[i + GATHER_PARENT_AWAITED] =
            (struct pollfd){.fd = fd, .events = POLLIN};
        if (gather_child_is_alive(child) && fd < 0 && nap_ns < until_ns) {
            until_ns = nap_ns;
        }
    }
    return until_ns;
}

static void
sleep_until(struct gather *gather, uint64_t until_ns)
{
    uint64_t raised;

    until_ns = prepare(gather, until_ns);
    struct timespec left = clock_remaining(clock_now_ns(NULL), until_ns);
    (void)!ppoll(gather->awaited,
                 (nfds_t)gather->options.children + GATHER_PARENT_AWAITED,
                 until_ns == CLOCK_NEVER ? NULL : &left, NULL);
    (void)!read(gather->changed, &raised, sizeof raised);
    if (gather->signals >= 0) {
        take_signals(gather);
    }
    look_at_processes(gather);
}

/* A killed process that the kernel does not let go is left to it. */
void
gather_wait_all(struct gather *gather)
{
    uint64_t abandon_ns = CLOCK_NEVER;

    while (clock_now_ns(NULL) < abandon_ns) {
        uint64_t again_ns = abandon_ns;
        const bool is_last = judge_all(gather, &again_ns) == 0;
        if (press_all(gather, is_last, &again_ns) == 0 && is_last) {
            break;
        }
        if (is_last && abandon_ns == CLOCK_NEVER) {
            abandon_ns = clock_now_ns(NULL) + ABANDON_NS;
        }
        sleep_until(gather, again_ns);
    }
}
