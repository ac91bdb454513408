/* What a server puts together, with each step failing once. */

#include "scratch_directory.h"
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "control.h"
#include "fake_calls.h"
#include "mapping.h"
#include "naming.h"

#define STEPS_MAX 400
#define DONE 0
#define FAILED_AND_SAID 1
#define FAILED_AND_SERVED 2
#define FAILED_WITHOUT_CAUSE 3

static char path[64];
static uint16_t port; /* below those that the system chooses */
static char port_text[8];
static char segment[NAMING_MAX];

static int
set_up(void **state)
{
    (void)state;
    if (scratch_directory_make()) {
        return -1;
    }
    port = (uint16_t)(10000 + getpid() % 20000);
    (void)snprintf(port_text, sizeof port_text, "%u", (unsigned)port);
    naming_segment(geteuid(), port, segment);
    (void)snprintf(path, sizeof path, "%s/a.sock", scratch_directory);
    return 0;
}

/*
 * Serve in this process, in which the n-th call fails; it has been told to end
 * before it begins.
 */
static int
serve(long n, int error)
{
    char *argv[] = {
        "dipc",  "--foreground", "--max-clients",
        "1",     "--unix",       path,
        "--log", "stderr",       "1",
        "1",     port_text,      "1",
        NULL,
    };
    struct arguments arguments;
    struct complaint complaint;
    struct daemon daemon;
    sigset_t term;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)!dup2(null, STDOUT_FILENO);
    (void)!dup2(null, STDERR_FILENO);
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &term, NULL) || kill(getpid(), SIGTERM) ||
        arguments_parse(12, argv, &arguments, &complaint)) {
        return FAILED_WITHOUT_CAUSE;
    }
    daemon_stay(&daemon, "dipc");
    fake_calls_fail(NULL, n, error);
    int status = service_run(&arguments, &daemon);
    const char *failed = fake_calls_failed();
    if (status == 0) {
        return failed != NULL ? FAILED_AND_SERVED : DONE;
    }
    return failed != NULL ? FAILED_AND_SAID : FAILED_WITHOUT_CAUSE;
}

static int
serve_in_a_process(long n, int error)
{
    int status = 0;
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        _exit(serve(n, error));
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    /* What is left when removing it is what fails. */
    (void)control_clear(geteuid(), port);
    (void)!mapping_unlink(segment);
    (void)unlink(path);
    return WEXITSTATUS(status);
}

static void
a_step_that_fails_ends_the_start_or_nothing(void **state)
{
    static const int errors[] = {ENOMEM, EACCES};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        int outcome = FAILED_AND_SAID;
        int said = 0;
        for (long n = 1; outcome != DONE; n++) {
            assert_true(n < STEPS_MAX);
            outcome = serve_in_a_process(n, errors[i]);
            assert_int_not_equal(outcome, FAILED_WITHOUT_CAUSE);
            said += outcome == FAILED_AND_SAID ? 1 : 0;
        }
        assert_true(said > 10);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_fails_ends_the_start_or_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_directory_remove);
}
