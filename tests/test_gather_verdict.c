/* The verdict: every pair of what a connection and a process say. */

#include "gather_verdict.h"

#include <errno.h>
#include <signal.h>

#include "cmocka_all.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* All happens at these times, in seconds. */
#define ENDED 100
#define CHANGED 101
#define DEADLINE 1000
#define NEVER 0

enum process_kind { LIVES, ENDED_WELL, ENDED_WITH_3, DIED, UNKNOWN, ELSEWHERE };

#define EXIT_STATUS(number) ((number) << 8)

struct row {
    enum collector_state state;
    int error;
    enum process_kind process;
    int now_s;
    bool is_stopping;
    int again_s; /* no verdict, and to be asked again by then; NEVER: one */
    enum gather_outcome outcome;
    uint64_t number;
};

#define WAIT(again) false, again, GATHER_RUNNING, 0
#define IS(outcome) false, NEVER, outcome, 0
#define IS_NUMBER(outcome, number) false, NEVER, outcome, number
#define STOPS(outcome) true, NEVER, outcome, 0

/* clang-format off */
static const struct row rows[] = {
    /* What it said itself is final, whatever its process does. */
    {COLLECTOR_COMPLETE, 0, LIVES, 102, IS(GATHER_COMPLETE)},
    {COLLECTOR_COMPLETE, 0, DIED, 102, IS(GATHER_COMPLETE)},
    {COLLECTOR_COMPLETE, 0, ENDED_WITH_3, 102, IS(GATHER_COMPLETE)},
    {COLLECTOR_COMPLETE, 0, ELSEWHERE, 2000, STOPS(GATHER_COMPLETE)},
    {COLLECTOR_FAILED, 0, LIVES, 102, IS_NUMBER(GATHER_FAILED, 55)},
    {COLLECTOR_FAILED, 0, DIED, 102, IS_NUMBER(GATHER_FAILED, 55)},
    {COLLECTOR_REFUSED, EFBIG, LIVES, 102, IS(GATHER_TOO_LARGE)},
    {COLLECTOR_REFUSED, EMSGSIZE, DIED, 102, IS(GATHER_TOO_LARGE)},
    {COLLECTOR_REFUSED, ENOMEM, LIVES, 102, IS(GATHER_NO_MEMORY)},
    {COLLECTOR_REFUSED, ENODATA, LIVES, 102, IS(GATHER_CUT_OFF)},

    /* Nothing was heard of it. */
    {COLLECTOR_AWAITED, 0, LIVES, 102, WAIT(DEADLINE)},
    {COLLECTOR_AWAITED, 0, LIVES, DEADLINE, IS(GATHER_TOO_SLOW)},
    {COLLECTOR_AWAITED, 0, LIVES, 102, STOPS(GATHER_STOPPED)},
    {COLLECTOR_AWAITED, 0, ENDED_WITH_3, 100, IS_NUMBER(GATHER_EXITED, 3)},
    {COLLECTOR_AWAITED, 0, DIED, 100, IS_NUMBER(GATHER_KILLED, SIGKILL)},
    {COLLECTOR_AWAITED, 0, ENDED_WELL, 100, WAIT(101)},
    {COLLECTOR_AWAITED, 0, ENDED_WELL, 101, IS(GATHER_ABSENT)},
    {COLLECTOR_AWAITED, 0, ENDED_WELL, 100, STOPS(GATHER_ABSENT)},
    {COLLECTOR_AWAITED, 0, UNKNOWN, 100, WAIT(101)},
    {COLLECTOR_AWAITED, 0, UNKNOWN, 101, IS(GATHER_ABSENT)},
    {COLLECTOR_AWAITED, 0, ELSEWHERE, 102, WAIT(DEADLINE)},
    {COLLECTOR_AWAITED, 0, ELSEWHERE, DEADLINE, IS(GATHER_ABSENT)},
    {COLLECTOR_AWAITED, 0, ELSEWHERE, 102, STOPS(GATHER_STOPPED)},

    /* In mid-result. */
    {COLLECTOR_OPEN, 0, LIVES, 102, WAIT(DEADLINE)},
    {COLLECTOR_OPEN, 0, LIVES, DEADLINE, IS(GATHER_TOO_SLOW)},
    {COLLECTOR_OPEN, 0, LIVES, 102, STOPS(GATHER_STOPPED)},
    {COLLECTOR_OPEN, 0, ELSEWHERE, 102, WAIT(DEADLINE)},
    {COLLECTOR_OPEN, 0, ELSEWHERE, DEADLINE, IS(GATHER_TOO_SLOW)},
    {COLLECTOR_OPEN, 0, DIED, 102, WAIT(106)},
    {COLLECTOR_OPEN, 0, DIED, 106, IS_NUMBER(GATHER_KILLED, SIGKILL)},
    {COLLECTOR_OPEN, 0, DIED, 102, true, NEVER, GATHER_KILLED, SIGKILL},
    {COLLECTOR_OPEN, 0, ENDED_WITH_3, 102, WAIT(106)},
    {COLLECTOR_OPEN, 0, ENDED_WITH_3, 106, IS_NUMBER(GATHER_EXITED, 3)},
    {COLLECTOR_OPEN, 0, ENDED_WELL, 105, WAIT(106)},
    {COLLECTOR_OPEN, 0, ENDED_WELL, 106, IS(GATHER_CUT_OFF)},
    {COLLECTOR_OPEN, 0, ENDED_WELL, 102, STOPS(GATHER_CUT_OFF)},
    {COLLECTOR_OPEN, 0, UNKNOWN, 106, IS(GATHER_CUT_OFF)},

    /* Cut off. */
    {COLLECTOR_CUT_OFF, 0, LIVES, 101, WAIT(102)},
    {COLLECTOR_CUT_OFF, 0, LIVES, 102, IS(GATHER_CUT_OFF)},
    {COLLECTOR_CUT_OFF, 0, LIVES, 101, STOPS(GATHER_CUT_OFF)},
    {COLLECTOR_CUT_OFF, 0, ELSEWHERE, 101, IS(GATHER_CUT_OFF)},
    {COLLECTOR_CUT_OFF, 0, ENDED_WELL, 101, IS(GATHER_CUT_OFF)},
    {COLLECTOR_CUT_OFF, 0, UNKNOWN, 101, IS(GATHER_CUT_OFF)},
    {COLLECTOR_CUT_OFF, 0, ENDED_WITH_3, 101, IS_NUMBER(GATHER_EXITED, 3)},
    {COLLECTOR_CUT_OFF, 0, DIED, 101, IS_NUMBER(GATHER_KILLED, SIGKILL)},
};
/* clang-format on */

static uint64_t
seconds(int count)
{
    return (uint64_t)count * CLOCK_NS_PER_S;
}

static struct process
process_of(enum process_kind kind)
{
    return (struct process){
        .pid = 1,
        .fd = -1,
        .has_ended = kind != LIVES,
        .is_unknown = kind == UNKNOWN,
        .status = kind == DIED           ? SIGKILL
                  : kind == ENDED_WITH_3 ? EXIT_STATUS(3)
                                         : 0,
        .ended_ns = seconds(ENDED),
    };
}

static void
check_row(size_t index, uint64_t deadline_ns)
{
    const struct row *row = &rows[index];
    const struct process process = process_of(row->process);
    const struct gather_facts facts = {
        .report = {.state = row->state,
                   .error = row->error,
                   .fail = 55,
                   .changed_ns = seconds(CHANGED)},
        .process = row->process == ELSEWHERE ? NULL : &process,
        .is_stopping = row->is_stopping,
        .now_ns = seconds(row->now_s),
        .deadline_ns = deadline_ns,
    };
    struct gather_result result = {0};
    uint64_t again_ns = CLOCK_NEVER;

    bool is_reached = gather_verdict_reach(&facts, &result, &again_ns);
    if (is_reached != (row->again_s == NEVER) ||
        result.outcome != row->outcome) {
        print_error("row %zu:\n", index);
    }
    assert_int_equal(is_reached, row->again_s == NEVER);
    assert_int_equal(result.outcome, row->outcome);
    assert_int_equal(result.number, row->number);
    if (!is_reached) {
        assert_true(again_ns == seconds(row->again_s) ||
                    (deadline_ns == CLOCK_NEVER && again_ns == CLOCK_NEVER));
    }
}

static void
every_row_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(i, seconds(DEADLINE));
    }
}

static void
without_a_deadline_all_is_the_same_but_what_waits_for_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].now_s < DEADLINE) {
            check_row(i, CLOCK_NEVER);
        }
    }
}

static void
a_deadline_cuts_every_wait_short(void **state)
{
    const struct process process = process_of(ENDED_WELL);
    struct gather_facts facts = {
        .report = {.state = COLLECTOR_OPEN, .changed_ns = seconds(CHANGED)},
        .process = &process,
        .now_ns = seconds(102),
        .deadline_ns = seconds(103),
    };
    struct gather_result result = {0};
    uint64_t again_ns = CLOCK_NEVER;

    (void)state;
    assert_false(gather_verdict_reach(&facts, &result, &again_ns));
    assert_true(again_ns == seconds(103));
    facts.now_ns = again_ns;
    assert_true(gather_verdict_reach(&facts, &result, &again_ns));
    assert_int_equal(result.outcome, GATHER_CUT_OFF);
}

static void
a_signal_of_its_own_is_a_declared_error(void **state)
{
    static const enum collector_state states[] = {
        COLLECTOR_AWAITED, COLLECTOR_OPEN, COLLECTOR_CUT_OFF};
    const struct process process = process_of(DIED);

    (void)state;
    for (size_t i = 0; i < COUNT(states); i++) {
        const struct gather_facts facts = {
            .report = {.state = states[i]},
            .process = &process,
            .signalled = SIGUSR1,
            .deadline_ns = CLOCK_NEVER,
        };
        struct gather_result result = {0};
        uint64_t again_ns = CLOCK_NEVER;
        assert_true(gather_verdict_reach(&facts, &result, &again_ns));
        assert_int_equal(result.outcome, GATHER_FAILED);
        assert_int_equal(result.number, SIGUSR1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_its_verdict),
        cmocka_unit_test(
            without_a_deadline_all_is_the_same_but_what_waits_for_it),
        cmocka_unit_test(a_deadline_cuts_every_wait_short),
        cmocka_unit_test(a_signal_of_its_own_is_a_declared_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
