#include "gather_verdict.h"

#include <errno.h>
#include <sys/wait.h>

static bool
decide(struct gather_result *result, enum gather_outcome outcome,
       uint64_t number)
{
    result->outcome = outcome;
    result->number = number;
    return true;
}

static bool
decide_refused(const struct gather_facts *facts, struct gather_result *result)
{
    switch (facts->report.error) {
    case EFBIG:
    case EMSGSIZE:
        return decide(result, GATHER_TOO_LARGE, 0);
    case ENOMEM:
        return decide(result, GATHER_NO_MEMORY, 0);
    default: /* short of what was announced */
        return decide(result, GATHER_CUT_OFF, 0);
    }
}

/* As its process ended, or `otherwise` where that says nothing. */
static bool
decide_ended(const struct gather_facts *facts, enum gather_outcome otherwise,
             struct gather_result *result)
{
    const struct process *process = facts->process;

    if (!process_has_failed(process)) {
        return decide(result, otherwise, 0);
    }
    if (WIFSIGNALED(process->status)) {
        return decide(result, GATHER_KILLED,
                      (uint64_t)WTERMSIG(process->status));
    }
    return decide(result, GATHER_EXITED,
                  (uint64_t)WEXITSTATUS(process->status));
}

/* Has a time passed, or is there none to wait? */
static bool
is_past(const struct gather_facts *facts, uint64_t until_ns, uint64_t *again_ns)
{
    if (until_ns > facts->deadline_ns) {
        until_ns = facts->deadline_ns;
    }
    if (facts->is_stopping || facts->now_ns >= until_ns) {
        return true;
    }
    if (until_ns < *again_ns) {
        *again_ns = until_ns;
    }
    return false;
}

static uint64_t
later(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* Its process has ended, and it has not said how it is. */
static bool
judge_ended(const struct gather_facts *facts, struct gather_result *result,
            uint64_t *again_ns)
{
    const uint64_t ended_ns = facts->process->ended_ns;

    switch (facts->report.state) {
    case COLLECTOR_AWAITED:
        if (!process_has_failed(facts->process) &&
            !is_past(facts, ended_ns + GATHER_VERDICT_SETTLE_NS, again_ns)) {
            return false;
        }
        return decide_ended(facts, GATHER_ABSENT, result);
    case COLLECTOR_OPEN:
        if (!is_past(facts,
                     later(ended_ns, facts->report.changed_ns) +
                         GATHER_VERDICT_SILENCE_NS,
                     again_ns)) {
            return false;
        }
        break;
    default:
        break;
    }
    return decide_ended(facts, GATHER_CUT_OFF, result);
}

/* It lives, or nobody knows. */
static bool
judge_living(const struct gather_facts *facts, struct gather_result *result,
             uint64_t *again_ns)
{
    if (facts->report.state == COLLECTOR_CUT_OFF) {
        const uint64_t until_ns =
            facts->report.changed_ns + GATHER_VERDICT_CAUSE_NS;
        return (!facts->process || is_past(facts, until_ns, again_ns)) &&
               decide(result, GATHER_CUT_OFF, 0);
    }
    if (facts->is_stopping) {
        return decide(result, GATHER_STOPPED, 0);
    }
    if (!is_past(facts, facts->deadline_ns, again_ns)) {
        return false;
    }
    return decide(result,
                  !facts->process && facts->report.state == COLLECTOR_AWAITED
                      ? GATHER_ABSENT
                      : GATHER_TOO_SLOW,
                  0);
}

bool
gather_verdict_reach(const struct gather_facts *facts,
                     struct gather_result *result, uint64_t *again_ns)
{
    switch (facts->report.state) {
    case COLLECTOR_COMPLETE:
        return decide(result, GATHER_COMPLETE, 0);
    case COLLECTOR_FAILED:
        return decide(result, GATHER_FAILED, facts->report.fail);
    case COLLECTOR_REFUSED:
        return decide_refused(facts, result);
    default:
        break;
    }
    if (facts->signalled) {
        return decide(result, GATHER_FAILED, (uint64_t)facts->signalled);
    }
    if (facts->process && facts->process->has_ended) {
        return judge_ended(facts, result, again_ns);
    }
    return judge_living(facts, result, again_ns);
}
