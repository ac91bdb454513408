/* Ending a server: processes of the test's own stand for servers. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "cmocka_all.h"
#include "control.h"
#include "fake_calls.h"
#include "fake_process.h"
#include "mapping.h"
#include "naming.h"
#include "removal.h"
#include "scratch_directory.h"

/* Below what the system chooses from; another for each run of this test. */
static uint16_t port;
static char segment[NAMING_MAX];
static char socket_path[64];

static int
set_up(void **state)
{
    (void)state;
    port = (uint16_t)(1 + getpid() % 1000);
    if (scratch_directory_make()) {
        return -1;
    }
    naming_segment(geteuid(), port, segment);
    (void)snprintf(socket_path, sizeof socket_path, "%s/dipc/%d.sock",
                   scratch_directory, port);
    return 0;
}

enum manner { OBEYS, IGNORES, HAS_NO_CONTROL };

/* What a server leaves, and how it ends: itself, or by being killed. */
static int
be_server(enum manner manner, int ready)
{
    struct mapping mapping;
    struct control control;
    struct complaint complaint;
    bool asked = false;

    if (mapping_create(&mapping, segment, 4096) ||
        control_open(&control, port, &complaint)) {
        return 1;
    }
    if (manner == HAS_NO_CONTROL) {
        control_close(&control);
    }
    if (write(ready, "r", 1) != 1) {
        return 1;
    }
    while (!asked) {
        /* Looked at from outside: an edge that is taken here is lost there. */
        struct pollfd event = {.fd = control.epoll, .events = POLLIN};
        if (manner != OBEYS) {
            (void)pause();
        } else if (poll(&event, 1, 30000) == 1) {
            asked = control_dispatch(&control);
        }
    }
    control_close(&control);
    return mapping_unlink(segment);
}

static pid_t
start_server(enum manner manner)
{
    int ends[2];
    char ready;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        _exit(be_server(manner, ends[1]));
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    (void)close(ends[0]);
    return child;
}

/* How it ended: its exit status, or minus the signal. */
static int
end_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static struct complaint complaint;

static int
run(bool force, uint64_t time_ms, enum removal_outcome *outcome)
{
    const struct removal_request request = {
        .user = geteuid(),
        .port = port,
        .force = force,
        .time_ns = time_ms * CLOCK_NS_PER_MS,
    };

    return removal_run(&request, outcome, &complaint);
}

static void
expect_nothing_left(void)
{
    pid_t owner;

    assert_int_equal(mapping_owner(segment, &owner), ENOENT);
    assert_int_equal(access(socket_path, F_OK), -1);
}

static void
no_server_is_an_error(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    assert_int_equal(run(false, 1000, &outcome), ENOENT);
    assert_non_null(strstr(complaint.text, ": no server of "));
}

static void
a_server_that_is_asked_ends(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    pid_t server = start_server(OBEYS);
    assert_int_equal(run(false, 30000, &outcome), 0);
    assert_int_equal(outcome, REMOVAL_ENDED);
    assert_int_equal(end_of(server), 0);
    expect_nothing_left();
}

/* Somebody else ends the server, and all that it has is gone. */
static void
end_it_first(pid_t server)
{
    enum removal_outcome outcome;

    assert_int_equal(run(false, 30000, &outcome), 0);
    assert_int_equal(end_of(server), 0);
}

static void
a_server_that_ends_meanwhile_is_ended(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    (void)start_server(OBEYS);
    fake_process_before_open(end_it_first);
    assert_int_equal(run(false, 30000, &outcome), 0);
    assert_int_equal(outcome, REMOVAL_ENDED);
    expect_nothing_left();
}

/* What it left is cleared, as its signal ended it at once. */
static void
without_a_control_channel_a_signal_does_it(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    pid_t server = start_server(HAS_NO_CONTROL);
    assert_int_equal(run(false, 30000, &outcome), 0);
    assert_int_equal(outcome, REMOVAL_ENDED);
    assert_int_equal(end_of(server), -SIGTERM);
    expect_nothing_left();
}

static void
a_server_that_does_not_answer_is_named(void **state)
{
    enum removal_outcome outcome;
    char expected[128];

    (void)state;
    pid_t server = start_server(IGNORES);
    assert_int_equal(run(false, 20, &outcome), ETIMEDOUT);
    (void)snprintf(expected, sizeof expected,
                   "port %u: the server (process %d) does not answer; 'dipcrm "
                   "--force %u' kills it",
                   (unsigned)port, (int)server, (unsigned)port);
    assert_string_equal(complaint.text, expected);
    assert_int_equal(kill(server, 0), 0);
    assert_int_equal(run(true, 1000, &outcome), 0);
    assert_int_equal(outcome, REMOVAL_KILLED);
    assert_int_equal(end_of(server), -SIGKILL);
    expect_nothing_left();
}

static void
force_asks_first(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    pid_t server = start_server(OBEYS);
    assert_int_equal(run(true, 60000, &outcome), 0);
    assert_int_equal(outcome, REMOVAL_ENDED);
    assert_int_equal(end_of(server), 0);
    expect_nothing_left();
}

static void
what_a_killed_server_left_is_cleared(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    pid_t server = start_server(IGNORES);
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(end_of(server), -SIGKILL);
    assert_int_equal(access(socket_path, F_OK), 0);
    assert_int_equal(run(false, 30000, &outcome), 0);
    assert_int_equal(outcome, REMOVAL_CLEARED);
    expect_nothing_left();
    assert_int_equal(run(false, 30000, &outcome), ENOENT);
}

static void
a_socket_alone_is_cleared_too(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    pid_t server = start_server(IGNORES);
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(end_of(server), -SIGKILL);
    assert_int_equal(mapping_clear(segment), 0);
    assert_int_equal(run(false, 30000, &outcome), 0);
    assert_int_equal(outcome, REMOVAL_CLEARED);
    expect_nothing_left();
}

static void
the_users_of_a_port_are_found(void **state)
{
    struct mapping mapping;
    char name[NAMING_MAX];
    uid_t user = 7;

    (void)state;
    assert_int_equal(removal_find_user(port, 0, &user, &complaint), 0);
    assert_int_equal(user, REMOVAL_NO_USER);
    naming_segment(4000000001, port, name);
    assert_int_equal(mapping_create(&mapping, name, 4096), 0);
    assert_int_equal(removal_find_user(port, 1, &user, &complaint), 0);
    assert_int_equal(user, 4000000001);
    naming_segment(4000000002, port, name);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_create(&mapping, name, 4096), 0);
    assert_int_equal(removal_find_user(port, 1, &user, &complaint), ENOTUNIQ);
    assert_non_null(strstr(complaint.text, "user 4000000001"));
    assert_non_null(strstr(complaint.text, "user 4000000002"));
    assert_int_equal(removal_find_user(port, 4000000002, &user, &complaint), 0);
    assert_int_equal(user, 4000000002);
    assert_int_equal(mapping_unlink(name), 0);
    naming_segment(4000000001, port, name);
    assert_int_equal(mapping_unlink(name), 0);
    mapping_destroy(&mapping);
}

static void
users_are_told_by_name(void **state)
{
    char text[REMOVAL_USER_MAX];

    (void)state;
    removal_describe_user(0, text);
    assert_string_equal(text, "root");
    removal_describe_user(4000000001, text);
    assert_string_equal(text, "user 4000000001");
}

#define SWEEP_MAX 200

/* Whatever fails, the server is gone in the end, or the error is told. */
static void
a_removal_in_which_a_call_fails_tells_it_or_ends_the_server(void **state)
{
    static const int errors[] = {EPERM, EINTR, ESRCH};
    enum removal_outcome outcome;

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const char *failed = "";
        for (long n = 1; failed != NULL; n++) {
            pid_t server = start_server(i == 0 ? HAS_NO_CONTROL : OBEYS);
            int before = fake_calls_descriptors();

            assert_true(n < SWEEP_MAX);
            complaint.text[0] = '\0';
            fake_calls_fail(NULL, n, errors[i]);
            int error = run(false, 300, &outcome);
            failed = fake_calls_failed();
            assert_int_equal(fake_calls_descriptors(), before);
            assert_true(error == 0 || failed != NULL);
            assert_true(error == 0 || complaint.text[0] != '\0');
            if (kill(server, SIGKILL) == 0) {
                (void)end_of(server);
            }
            (void)control_clear(geteuid(), port);
            (void)!mapping_unlink(segment);
        }
    }
}

static void
what_cannot_be_ended_or_killed_is_named(void **state)
{
    enum removal_outcome outcome;

    (void)state;
    pid_t server = start_server(IGNORES);
    fake_calls_fail("pidfd_open", 1, EMFILE);
    assert_int_equal(run(false, 100, &outcome), EMFILE);
    assert_non_null(strstr(complaint.text, "cannot be watched"));
    fake_calls_fail("pidfd_send_signal", 1, EPERM);
    assert_int_equal(run(true, 100, &outcome), EPERM);
    assert_non_null(strstr(complaint.text, "may not be ended"));
    /* Killed, but not seen to be gone. */
    fake_calls_fail("poll", 3, EIO);
    int error = run(true, 100, &outcome);
    bool has_failed = fake_calls_failed() != NULL;
    assert_int_equal(error, has_failed ? ETIMEDOUT : 0);
    assert_true(!has_failed || strstr(complaint.text, "is not gone yet"));
    assert_int_equal(end_of(server), -SIGKILL);
    assert_int_equal(outcome, REMOVAL_KILLED);
    (void)!run(false, 100, &outcome);
    expect_nothing_left();
}

static void
what_a_killed_server_left_and_cannot_be_had_is_named(void **state)
{
    enum removal_outcome outcome;
    pid_t server = start_server(IGNORES);

    (void)state;
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(end_of(server), -SIGKILL);
    fake_calls_fail("shm_open", 1, EACCES);
    assert_int_equal(run(false, 100, &outcome), EACCES);
    assert_non_null(strstr(complaint.text, "cannot be opened"));
    fake_calls_fail("shm_unlink", 1, EACCES);
    assert_int_equal(run(false, 100, &outcome), EACCES);
    assert_non_null(strstr(complaint.text, "cannot be removed"));
    assert_int_equal(run(false, 100, &outcome), 0);
    expect_nothing_left();
}

static void
without_a_look_at_the_segments_nobody_is_found(void **state)
{
    uid_t user = 7;

    (void)state;
    fake_calls_fail("opendir", 1, EMFILE);
    assert_int_equal(removal_find_user(port, 0, &user, &complaint), 0);
    assert_non_null(fake_calls_failed());
    assert_int_equal(user, REMOVAL_NO_USER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_server_is_an_error),
        cmocka_unit_test(a_server_that_is_asked_ends),
        cmocka_unit_test(a_server_that_ends_meanwhile_is_ended),
        cmocka_unit_test(without_a_control_channel_a_signal_does_it),
        cmocka_unit_test(a_server_that_does_not_answer_is_named),
        cmocka_unit_test(force_asks_first),
        cmocka_unit_test(what_a_killed_server_left_is_cleared),
        cmocka_unit_test(a_socket_alone_is_cleared_too),
        cmocka_unit_test(the_users_of_a_port_are_found),
        cmocka_unit_test(users_are_told_by_name),
        cmocka_unit_test(
            a_removal_in_which_a_call_fails_tells_it_or_ends_the_server),
        cmocka_unit_test(what_cannot_be_ended_or_killed_is_named),
        cmocka_unit_test(what_a_killed_server_left_and_cannot_be_had_is_named),
        cmocka_unit_test(without_a_look_at_the_segments_nobody_is_found),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_directory_remove);
}
