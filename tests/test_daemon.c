/* A command that leaves for the background, and what its starter learns. */

#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"

#define TEXT_MAX 1024

/* What a command did: its status as waitpid tells it, and what it printed. */
struct outcome {
    int status;
    char text[TEXT_MAX];
};

static void
read_to_end(int fd, char text[static TEXT_MAX])
{
    size_t length = 0;
    ssize_t got = 1;

    while (got > 0 && length < TEXT_MAX - 1) {
        got = read(fd, text + length, TEXT_MAX - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    text[length] = '\0';
}

/* In a process of its own, for a daemon closes whatever is open. */
static void
run(int (*command)(void), struct outcome *outcome)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        (void)!dup2(ends[1], STDOUT_FILENO);
        (void)!dup2(ends[1], STDERR_FILENO);
        _exit(command());
    }
    (void)close(ends[1]);
    read_to_end(ends[0], outcome->text);
    (void)close(ends[0]);
    assert_int_equal(waitpid(process, &outcome->status, 0), process);
}

static void
exits(int (*command)(void), int status, const char *said)
{
    struct outcome outcome;

    run(command, &outcome);
    assert_true(WIFEXITED(outcome.status));
    if (WEXITSTATUS(outcome.status) != status ||
        strstr(outcome.text, said) == NULL) {
        fail_msg("exits %d and says: %s", WEXITSTATUS(outcome.status),
                 outcome.text);
    }
}

/* What the child does once it is one; the parent returns its status. */
static int
leave(int (*work)(struct daemon *daemon))
{
    struct daemon daemon;
    int status = 77;

    if (daemon_leave(&daemon, "prog", false, &status)) {
        (void)fflush(NULL);
        return status;
    }
    return work(&daemon);
}

static int
get_ready(struct daemon *daemon)
{
    const struct complaint warning = {"mind the gap"};

    daemon_warn(daemon, &warning);
    return daemon_ready(daemon, 7000);
}

static int
leaves(void)
{
    return leave(get_ready);
}

static int
fail_at_work(struct daemon *daemon)
{
    const struct complaint why = {"no room"};

    daemon_fail(daemon, &why);
    return 1;
}

static int
fails(void)
{
    return leave(fail_at_work);
}

static int
reject_at_work(struct daemon *daemon)
{
    const struct complaint why = {"no such thing"};

    daemon_reject(daemon, &why);
    return DAEMON_MISUSE;
}

static int
is_misused(void)
{
    return leave(reject_at_work);
}

static int
end_silently(struct daemon *daemon)
{
    (void)daemon;
    return 0;
}

static int
ends_silently(void)
{
    return leave(end_silently);
}

static int
be_killed(struct daemon *daemon)
{
    (void)daemon;
    return kill(getpid(), SIGKILL);
}

static int
is_killed(void)
{
    return leave(be_killed);
}

static void
the_starter_learns_what_becomes_of_the_child(void **state)
{
    (void)state;
    exits(leaves, 0, "prog: warning: mind the gap\n7000\n");
    exits(fails, 1, "prog: no room\n");
    exits(is_misused, DAEMON_MISUSE, "prog: no such thing\n");
    exits(ends_silently, 1, "prog: the server ended before it listened\n");
    exits(is_killed, 1, "the server ended before it listened (signal 9)\n");
}

static const char *failing;
static long failing_at;

static int
leaves_while_a_call_fails(void)
{
    fake_calls_fail(failing, failing_at, EMFILE);
    return leave(get_ready);
}

static void
a_start_that_fails_is_told(void **state)
{
    static const struct {
        const char *call;
        const char *said;
    } rows[] = {
        {"open", "prog: cannot start: "},
        {"socketpair", "prog: cannot start: "},
        {"fork", "prog: no process can be started: "},
        {"fdopen", "prog: no memory to start\n"},
        {"send", "prog: the server cannot be told to go on: "},
    };

    (void)state;
    failing_at = 1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failing = rows[i].call;
        exits(leaves_while_a_call_fails, 1, rows[i].said);
    }
}

static int
leaves_with_nowhere_to_say_it(void)
{
    int full = open("/dev/full", O_WRONLY);

    (void)!dup2(full, STDOUT_FILENO);
    return leave(get_ready);
}

static void
a_number_that_cannot_be_printed_ends_the_start(void **state)
{
    (void)state;
    exits(leaves_with_nowhere_to_say_it, 1,
          "prog: standard output cannot be written: ");
}

static int
stays(void)
{
    struct daemon daemon;
    int error = 0;

    daemon_stay(&daemon, "prog");
    error = get_ready(&daemon);
    if (error != 0) {
        return error;
    }
    (void)fail_at_work(&daemon);
    return daemon_finish_output("prog");
}

static void
in_the_foreground_all_is_printed_at_once(void **state)
{
    struct outcome outcome;

    (void)state;
    run(stays, &outcome);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.text, "prog: warning: mind the gap\n"));
    assert_non_null(strstr(outcome.text, "7000\n"));
    assert_non_null(strstr(outcome.text, "prog: no room\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_starter_learns_what_becomes_of_the_child),
        cmocka_unit_test(a_start_that_fails_is_told),
        cmocka_unit_test(a_number_that_cannot_be_printed_ends_the_start),
        cmocka_unit_test(in_the_foreground_all_is_printed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
