/* Children that are watched to their end. */

#include "process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"

#define PATIENCE_NS (30 * CLOCK_NS_PER_S)

/* A child that ends once its end of the pipe is closed here. */
struct held {
    struct process process;
    int hold[2];
};

static void
make_child(struct held *held, int status, bool is_group)
{
    char byte;

    assert_int_equal(pipe(held->hold), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        if (is_group) {
            (void)setpgid(0, 0);
        }
        (void)close(held->hold[1]);
        (void)!read(held->hold[0], &byte, 1);
        _exit(status);
    }
    assert_true(pid > 0);
    if (is_group) {
        (void)setpgid(pid, pid);
    }
    process_watch(&held->process, pid, is_group);
}

static void
let_go(struct held *held)
{
    (void)close(held->hold[0]);
    (void)close(held->hold[1]);
}

/* As whoever has no descriptor does it: by asking again. */
static void
await_by_asking(struct process *process)
{
    const uint64_t deadline_ns = clock_now_ns(NULL) + PATIENCE_NS;

    while (!process_look(process)) {
        assert_true(clock_now_ns(NULL) < deadline_ns);
    }
}

static void
the_descriptor_tells_of_the_end(void **state)
{
    struct held held;

    (void)state;
    make_child(&held, 3, false);
    assert_true(held.process.fd >= 0);
    struct pollfd awaited = {.fd = held.process.fd, .events = POLLIN};
    assert_false(process_look(&held.process));
    assert_int_equal(poll(&awaited, 1, 0), 0);
    assert_false(process_has_failed(&held.process));
    let_go(&held);
    assert_int_equal(poll(&awaited, 1, 30000), 1);
    assert_true(process_look(&held.process));
    assert_true(process_look(&held.process));
    assert_int_equal(held.process.fd, -1);
    assert_int_equal(WEXITSTATUS(held.process.status), 3);
    assert_true(process_has_failed(&held.process));
    assert_true(held.process.ended_ns > 0);
}

static void
one_that_ends_well_has_not_failed(void **state)
{
    struct held held;

    (void)state;
    make_child(&held, 0, false);
    let_go(&held);
    await_by_asking(&held.process);
    assert_false(process_has_failed(&held.process));
}

static void
without_a_descriptor_it_is_asked_for(void **state)
{
    struct rlimit before;
    struct held held;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    make_child(&held, 0, false);
    process_forget(&held.process);
    const struct rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    process_watch(&held.process, held.process.pid, false);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(held.process.fd, -1);
    assert_false(process_look(&held.process));
    process_signal(&held.process, SIGKILL);
    await_by_asking(&held.process);
    assert_int_equal(WTERMSIG(held.process.status), SIGKILL);
    let_go(&held);
}

static void
one_that_another_has_waited_for_has_ended_somehow(void **state)
{
    struct held held;

    (void)state;
    make_child(&held, 3, false);
    let_go(&held);
    assert_int_equal(waitpid(held.process.pid, NULL, 0), held.process.pid);
    assert_true(process_look(&held.process));
    assert_true(held.process.is_unknown);
    assert_false(process_has_failed(&held.process));
}

/* Of a group all are signalled: here, a child of the child as well. */
static void
a_group_is_signalled_as_a_whole(void **state)
{
    struct held held;
    char byte;

    (void)state;
    assert_int_equal(pipe(held.hold), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0);
        (void)close(held.hold[0]);
        (void)!fork();
        (void)!write(held.hold[1], "x", 1);
        for (;;) {
            (void)pause();
        }
    }
    (void)setpgid(pid, pid);
    process_watch(&held.process, pid, true);
    (void)close(held.hold[1]);
    assert_int_equal(read(held.hold[0], &byte, 1), 1);
    assert_int_equal(read(held.hold[0], &byte, 1), 1);
    process_signal(&held.process, SIGKILL);
    /* Both ends of the pipe are gone. */
    assert_int_equal(read(held.hold[0], &byte, 1), 0);
    await_by_asking(&held.process);
    (void)close(held.hold[0]);
    process_signal(&held.process, SIGKILL); /* nobody's any more */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_tells_of_the_end),
        cmocka_unit_test(one_that_ends_well_has_not_failed),
        cmocka_unit_test(without_a_descriptor_it_is_asked_for),
        cmocka_unit_test(one_that_another_has_waited_for_has_ended_somehow),
        cmocka_unit_test(a_group_is_signalled_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
