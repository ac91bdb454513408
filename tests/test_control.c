/* The control channel, both of its ends, in a directory of the test's own. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "cmocka_all.h"
#include "control.h"
#include "fake_calls.h"
#include "scratch_directory.h"

#define PORT 7000

static char socket_path[64];

static int
set_up(void **state)
{
    (void)state;
    if (scratch_directory_make()) {
        return -1;
    }
    (void)snprintf(socket_path, sizeof socket_path, "%s/dipc/%d.sock",
                   scratch_directory, PORT);
    return 0;
}

static uint64_t
soon(void)
{
    return clock_now_ns(NULL) + 30 * CLOCK_NS_PER_S;
}

static void
open_control(struct control *control)
{
    struct complaint complaint = {""};

    assert_int_equal(control_open(control, PORT, &complaint), 0);
}

/* Ask from a process of its own; its exit status is the errno it had. */
static pid_t
start_asker(pid_t server, uint64_t deadline_ns)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        _exit(control_ask_stop(geteuid(), PORT, server, deadline_ns));
    }
    return child;
}

static int
result_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Wait for events until somebody has asked. */
static void
serve_until_asked(struct control *control)
{
    bool asked = false;

    for (int i = 0; i < 100 && !asked; i++) {
        fd_set readable;
        struct timeval patience = {.tv_sec = 30};
        FD_ZERO(&readable);
        FD_SET(control->epoll, &readable);
        assert_int_equal(
            select(control->epoll + 1, &readable, NULL, NULL, &patience), 1);
        asked = control_dispatch(control);
    }
    assert_true(asked);
}

static void
whoever_asks_is_answered(void **state)
{
    struct control control;

    (void)state;
    open_control(&control);
    pid_t asker = start_asker(getpid(), soon());
    serve_until_asked(&control);
    assert_int_equal(result_of(asker), 0);
    control_close(&control);
    assert_int_equal(access(socket_path, F_OK), -1);
}

static void
whoever_listens_is_known(void **state)
{
    struct control control;
    pid_t owner = 0;

    (void)state;
    assert_int_equal(control_owner(geteuid(), PORT, &owner), ENOENT);
    open_control(&control);
    assert_int_equal(control_owner(geteuid(), PORT, &owner), 0);
    assert_int_equal(owner, getpid());
    assert_int_equal(control_owner(geteuid() + 1, PORT, &owner), ENOENT);
    assert_false(control_dispatch(&control));
    control_close(&control);
    assert_int_equal(control_owner(geteuid(), PORT, &owner), ENOENT);
}

static void
another_process_than_expected_is_not_asked(void **state)
{
    struct control control;

    (void)state;
    open_control(&control);
    pid_t asker = start_asker(1, soon());
    assert_int_equal(result_of(asker), EPERM);
    assert_false(control_dispatch(&control));
    assert_false(control_dispatch(&control));
    control_close(&control);
}

static void
no_answer_is_a_timeout(void **state)
{
    struct control control;

    (void)state;
    open_control(&control);
    pid_t asker = start_asker(getpid(), clock_now_ns(NULL));
    assert_int_equal(result_of(asker), ETIMEDOUT);
    control_close(&control);
}

static void
nobody_is_there(void **state)
{
    (void)state;
    assert_int_equal(control_ask_stop(geteuid(), PORT, getpid(), soon()),
                     ENOENT);
    assert_int_equal(control_clear(geteuid(), PORT), 0);
}

static void
connect_raw(int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, socket_path, sizeof socket_path);
    *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(*fd >= 0);
    assert_int_equal(connect(*fd, (const void *)&address, sizeof address), 0);
}

static void
other_words_end_nothing(void **state)
{
    static const char *const words[] = {"", "stop\n", "STOP", "sto",
                                        "stop it now please, and more"};
    struct control control;

    (void)state;
    open_control(&control);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        int fd;
        connect_raw(&fd);
        assert_false(control_dispatch(&control));
        assert_int_equal(send(fd, words[i], strlen(words[i]), 0),
                         strlen(words[i]));
        assert_false(control_dispatch(&control));
        (void)close(fd);
    }
    control_close(&control);
}

/* The lowest descriptor that is free tells whether one was left open. */
static int
lowest_free_descriptor(void)
{
    int fd = dup(STDERR_FILENO);

    assert_true(fd >= 0);
    (void)close(fd);
    return fd;
}

static void
the_silent_do_not_keep_others_out(void **state)
{
    struct control control;
    int silent[3 * CONTROL_PEERS_MAX];
    const size_t count = sizeof silent / sizeof silent[0];

    (void)state;
    int lowest = lowest_free_descriptor();
    open_control(&control);
    for (size_t i = 0; i < count; i++) {
        connect_raw(&silent[i]);
        assert_false(control_dispatch(&control));
    }
    pid_t asker = start_asker(getpid(), soon());
    serve_until_asked(&control);
    assert_int_equal(result_of(asker), 0);
    for (size_t i = 0; i < count; i++) {
        (void)close(silent[i]);
    }
    control_close(&control);
    assert_int_equal(lowest_free_descriptor(), lowest);
}

/* A process that binds and dies leaves its file. */
static void
leave_socket(void)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct control control;
        struct complaint complaint;
        _exit(control_open(&control, PORT, &complaint));
    }
    assert_int_equal(result_of(child), 0);
    assert_int_equal(access(socket_path, F_OK), 0);
}

static void
a_dead_servers_socket_is_cleared(void **state)
{
    (void)state;
    leave_socket();
    assert_int_equal(control_ask_stop(geteuid(), PORT, getpid(), soon()),
                     ENOENT);
    assert_int_equal(control_clear(geteuid(), PORT), 1);
    assert_int_equal(access(socket_path, F_OK), -1);
}

static void
a_dead_servers_socket_is_replaced(void **state)
{
    struct control control;

    (void)state;
    leave_socket();
    open_control(&control);
    pid_t asker = start_asker(getpid(), soon());
    serve_until_asked(&control);
    assert_int_equal(result_of(asker), 0);
    control_close(&control);
}

static void
a_live_socket_is_not_cleared(void **state)
{
    struct control control;

    (void)state;
    open_control(&control);
    assert_int_equal(control_clear(geteuid(), PORT), 0);
    assert_int_equal(access(socket_path, F_OK), 0);
    control_close(&control);
}

static void
the_directory_is_the_users_alone(void **state)
{
    struct control control;
    struct stat status;
    char inner[64];

    (void)state;
    (void)snprintf(inner, sizeof inner, "%s/dipc", scratch_directory);
    open_control(&control);
    assert_int_equal(stat(inner, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(status.st_uid, geteuid());
    control_close(&control);
}

/* The clients' socket goes with a dead server's, not with a live one's. */
static void
a_noted_socket_goes_with_its_server(void **state)
{
    struct control control;
    struct complaint complaint;
    struct unix_socket made;
    char path[64];
    char note[64];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/a.sock", scratch_directory);
    (void)snprintf(note, sizeof note, "%s/dipc/%d.unix", scratch_directory,
                   PORT);
    const struct unix_socket_request request = {
        .path = path,
        .mode = 0600,
        .user = UNIX_SOCKET_SAME_USER,
        .group = UNIX_SOCKET_SAME_GROUP,
    };
    assert_int_equal(unix_socket_open(&made, &request, &complaint), 0);
    open_control(&control);
    assert_int_equal(control_note_socket(&control, &made.file), 0);
    assert_int_equal(close(made.fd), 0);
    assert_int_equal(control_clear(geteuid(), PORT), 0);
    assert_int_equal(access(path, F_OK), 0);
    control_close(&control);
    assert_int_equal(faccessat(AT_FDCWD, note, F_OK, AT_SYMLINK_NOFOLLOW), -1);

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int error = control_open(&control, PORT, &complaint);
        _exit(error ? error : control_note_socket(&control, &made.file));
    }
    assert_int_equal(result_of(child), 0);
    assert_int_equal(control_clear(geteuid(), PORT), 2);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(faccessat(AT_FDCWD, note, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

#define SWEEP_MAX 500

static void
an_opening_that_fails_anywhere_leaves_nothing_open(void **state)
{
    static const int errors[] = {EIO, EINTR, EMFILE};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const char *failed = "";
        for (long n = 1; failed != NULL; n++) {
            struct control control;
            struct complaint complaint = {""};
            int before = fake_calls_descriptors();

            assert_true(n < SWEEP_MAX);
            fake_calls_fail(NULL, n, errors[i]);
            int error = control_open(&control, PORT, &complaint);
            failed = fake_calls_failed();
            assert_true(error == 0 || failed != NULL);
            assert_int_equal(error != 0, complaint.text[0] != '\0');
            if (error == 0) {
                control_close(&control);
            }
            assert_int_equal(fake_calls_descriptors(), before);
        }
    }
}

/* A peer that has connected and asked, and waits for the answer. */
static int
ask_by_hand(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
                   socket_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const void *)&address, sizeof address), 0);
    assert_int_equal(send(fd, "stop", 4, MSG_NOSIGNAL), 4);
    return fd;
}

static void
a_dispatch_in_which_a_call_fails_hears_whoever_asks_next(void **state)
{
    static const int errors[] = {EIO, EINTR, EMFILE, EAGAIN};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const char *failed = "";
        for (long n = 1; failed != NULL; n++) {
            struct control control;
            int before = fake_calls_descriptors();

            assert_true(n < SWEEP_MAX);
            open_control(&control);
            int peer = ask_by_hand();
            fake_calls_fail(NULL, n, errors[i]);
            (void)!control_dispatch(&control);
            failed = fake_calls_failed();
            int next = ask_by_hand();
            bool asked = false;
            for (int tries = 0; tries < 10 && !asked; tries++) {
                asked = control_dispatch(&control);
            }
            assert_true(asked);
            (void)close(peer);
            (void)close(next);
            control_close(&control);
            assert_int_equal(fake_calls_descriptors(), before);
        }
    }
}

/* Nobody answers here: what does not fail earlier is a timeout. */
static void
an_asker_tells_every_failure_from_an_answer(void **state)
{
    struct control control;
    const char *failed = "";

    (void)state;
    open_control(&control);
    for (long n = 1; failed != NULL; n++) {
        int before = fake_calls_descriptors();

        assert_true(n < SWEEP_MAX);
        fake_calls_fail(NULL, n, EIO);
        int error = control_ask_stop(geteuid(), PORT, getpid(), 0);
        failed = fake_calls_failed();
        assert_int_not_equal(error, 0);
        assert_true(failed != NULL || error == ETIMEDOUT);
        assert_int_equal(fake_calls_descriptors(), before);
    }
    fake_calls_fail("send", 1, EAGAIN);
    assert_int_equal(control_ask_stop(geteuid(), PORT, getpid(), 0), ETIMEDOUT);
    assert_non_null(fake_calls_failed());
    control_close(&control);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(whoever_asks_is_answered),
        cmocka_unit_test(whoever_listens_is_known),
        cmocka_unit_test(another_process_than_expected_is_not_asked),
        cmocka_unit_test(no_answer_is_a_timeout),
        cmocka_unit_test(other_words_end_nothing),
        cmocka_unit_test(the_silent_do_not_keep_others_out),
        cmocka_unit_test(a_dead_servers_socket_is_cleared),
        cmocka_unit_test(a_dead_servers_socket_is_replaced),
        cmocka_unit_test(a_live_socket_is_not_cleared),
        cmocka_unit_test(the_directory_is_the_users_alone),
        cmocka_unit_test(a_noted_socket_goes_with_its_server),
        cmocka_unit_test(an_opening_that_fails_anywhere_leaves_nothing_open),
        cmocka_unit_test(
            a_dispatch_in_which_a_call_fails_hears_whoever_asks_next),
        cmocka_unit_test(an_asker_tells_every_failure_from_an_answer),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_directory_remove);
}
