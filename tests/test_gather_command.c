/* A command's output sent as a result: what is not seen through a gathering. */

#include "gather_command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"

static int
wait_for(pid_t pid)
{
    int status = 0;

    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int
mimic(int status)
{
    const pid_t pid = fork();

    if (pid == 0) {
        _exit(gather_command_mimic(status));
    }
    return wait_for(pid);
}

static void
whoever_mimics_a_command_ends_as_it_did(void **state)
{
    static const int statuses[] = {0,       7 << 8,  255 << 8, SIGTERM,
                                   SIGKILL, SIGSEGV, SIGPIPE};

    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        /* Without the bit that tells of a core: there is none. */
        assert_int_equal(mimic(statuses[i]), statuses[i]);
    }
}

/* A parent that is not there: the command is ended, and its output dropped. */
static void
a_command_is_ended_when_there_is_nobody_to_send_to(void **state)
{
    char *const arguments[] = {"sh", "-c", "echo part; sleep 1000", NULL};
    const struct gather_command command = {.arguments = arguments};

    int hold[2]; /* all that comes of it holds one end */
    char byte;

    (void)state;
    assert_int_equal(pipe(hold), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        struct gather_sender *sender;
        int status = 0;
        (void)setpgid(0, 0);
        if (gather_sender_create("unix:/no/such/socket", 0, "t", &sender)) {
            _exit(90);
        }
        int error = gather_command_run(sender, &command, true, &status);
        gather_sender_destroy(sender);
        if (!error || !WIFSIGNALED(status)) {
            _exit(91);
        }
        /* What came with the command's end has been left to us. */
        _exit(WTERMSIG(status));
    }
    const int status = wait_for(pid);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == SIGTERM);
    (void)close(hold[1]);
    assert_int_equal(read(hold[0], &byte, 1), 0);
    (void)close(hold[0]);
}

static void
a_command_that_cannot_be_started_leaves_nothing_open(void **state)
{
    static const char *const calls[] = {"signalfd", "pipe2", "fork"};
    char *const arguments[] = {"true", NULL};
    const struct gather_command command = {.arguments = arguments};
    struct gather_sender *sender;
    int status = 0;

    (void)state;
    assert_int_equal(
        gather_sender_create("unix:/no/such/socket", 0, "t", &sender), 0);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        int before = fake_calls_descriptors();

        fake_calls_fail(calls[i], 1, EMFILE);
        assert_int_equal(gather_command_run(sender, &command, false, &status),
                         EMFILE);
        assert_string_equal(fake_calls_failed(), calls[i]);
        assert_int_equal(fake_calls_descriptors(), before);
    }
    gather_sender_destroy(sender);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_mimics_a_command_ends_as_it_did),
        cmocka_unit_test(a_command_is_ended_when_there_is_nobody_to_send_to),
        cmocka_unit_test(a_command_that_cannot_be_started_leaves_nothing_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
