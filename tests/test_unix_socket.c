/* Whose name a Unix socket may take, with which rights, and what it removes. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "scratch_directory.h"
#include "unix_socket.h"

static char path[64];
static struct complaint complaint;

static int
set_up(void **state)
{
    (void)state;
    if (scratch_directory_make()) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/a.sock", scratch_directory);
    return 0;
}

static int
open_at(struct unix_socket *made, const char *where, mode_t mode)
{
    const struct unix_socket_request request = {
        .path = where,
        .mode = mode,
        .user = UNIX_SOCKET_SAME_USER,
        .group = UNIX_SOCKET_SAME_GROUP,
    };

    complaint.text[0] = '\0';
    return unix_socket_open(made, &request, &complaint);
}

static int
connect_error(const char *where, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", where);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    int failed = connect(fd, (const void *)&address, sizeof address);
    int error = failed ? errno : 0;
    (void)close(fd);
    return error;
}

/* What a process that is killed leaves: the file, and nobody behind it. */
static struct unix_socket_file
leave_file(void)
{
    struct unix_socket made;

    assert_int_equal(open_at(&made, path, 0600), 0);
    assert_int_equal(close(made.fd), 0);
    assert_int_equal(connect_error(path, SOCK_STREAM), ECONNREFUSED);
    return made.file;
}

static void
clients_connect_and_the_file_goes(void **state)
{
    struct unix_socket made;

    (void)state;
    assert_int_equal(open_at(&made, path, 0600), 0);
    assert_string_equal(made.file.path, path);
    assert_int_equal(connect_error(path, SOCK_STREAM), 0);
    unix_socket_close(&made);
    assert_int_equal(made.fd, -1);
    assert_int_equal(connect_error(path, SOCK_STREAM), ENOENT);
    unix_socket_close(&made);
}

static void
the_mode_is_the_one_asked_for_whatever_the_umask(void **state)
{
    static const mode_t umasks[] = {0, 0022, 0077, 0777};
    static const mode_t modes[] = {0600, 0660, 0666, 0777, 0200};

    (void)state;
    for (size_t i = 0; i < sizeof umasks / sizeof umasks[0]; i++) {
        for (size_t j = 0; j < sizeof modes / sizeof modes[0]; j++) {
            struct unix_socket made;
            struct stat status;
            mode_t before = umask(umasks[i]);
            int error = open_at(&made, path, modes[j]);
            (void)umask(before);
            assert_int_equal(error, 0);
            assert_int_equal(stat(path, &status), 0);
            assert_int_equal(status.st_mode & 07777, modes[j]);
            unix_socket_close(&made);
        }
    }
}

static void
root_may_give_it_away(void **state)
{
    const struct unix_socket_request request = {
        .path = path, .mode = 0660, .user = 65534, .group = 65533};
    struct unix_socket made;
    struct stat status;

    (void)state;
    int error = unix_socket_open(&made, &request, &complaint);
    if (geteuid() != 0) {
        assert_int_equal(error, EPERM);
        assert_non_null(strstr(complaint.text, "--unix-owner"));
        assert_int_equal(access(path, F_OK), -1);
        return;
    }
    assert_int_equal(error, 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 65534);
    assert_int_equal(status.st_gid, 65533);
    unix_socket_close(&made);
    assert_int_equal(access(path, F_OK), -1);
}

static void
what_a_dead_server_left_is_replaced(void **state)
{
    struct unix_socket made;

    (void)state;
    (void)leave_file();
    assert_int_equal(open_at(&made, path, 0600), 0);
    assert_int_equal(connect_error(path, SOCK_STREAM), 0);
    unix_socket_close(&made);
}

static void
one_in_use_is_refused(void **state)
{
    struct unix_socket first;
    struct unix_socket second;

    (void)state;
    assert_int_equal(open_at(&first, path, 0600), 0);
    assert_int_equal(open_at(&second, path, 0600), EADDRINUSE);
    assert_non_null(strstr(complaint.text, path));
    assert_non_null(strstr(complaint.text, "listens"));
    assert_int_equal(connect_error(path, SOCK_STREAM), 0);
    unix_socket_close(&first);
}

/* A socket of another kind has somebody behind it as well. */
static void
a_datagram_socket_in_use_is_refused(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct unix_socket made;

    (void)state;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const void *)&address, sizeof address), 0);
    assert_int_equal(open_at(&made, path, 0600), EADDRINUSE);
    assert_int_equal(connect_error(path, SOCK_DGRAM), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_at(&made, path, 0600), 0);
    unix_socket_close(&made);
}

static void
other_files_are_left_alone(void **state)
{
    struct unix_socket made;
    char target[64];

    (void)state;
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_at(&made, path, 0600), EEXIST);
    assert_non_null(strstr(complaint.text, "no socket"));
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_at(&made, path, 0600), EEXIST);
    assert_int_equal(rmdir(path), 0);

    /* Not even a link that leads to a dead server's socket. */
    (void)leave_file();
    (void)snprintf(target, sizeof target, "%s/b.sock", scratch_directory);
    assert_int_equal(symlink(path, target), 0);
    assert_int_equal(open_at(&made, target, 0600), EEXIST);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(unlink(path), 0);
}

/* Somebody moved it away and put another there: that one is theirs. */
static void
another_file_in_its_place_stays(void **state)
{
    struct unix_socket first;
    struct unix_socket second;

    (void)state;
    assert_int_equal(open_at(&first, path, 0600), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(open_at(&second, path, 0600), 0);
    unix_socket_close(&first);
    assert_int_equal(connect_error(path, SOCK_STREAM), 0);
    unix_socket_close(&second);
    assert_int_equal(access(path, F_OK), -1);
}

static void
what_is_left_is_cleared_only_if_it_is_the_one(void **state)
{
    struct unix_socket made;

    (void)state;
    struct unix_socket_file file = leave_file();
    struct unix_socket_file other = file;
    other.inode++;
    assert_false(unix_socket_clear(&other, UNIX_SOCKET_SAME_USER));
    assert_false(unix_socket_clear(&file, geteuid() + 1));
    assert_true(unix_socket_clear(&file, geteuid()));
    assert_false(unix_socket_clear(&file, geteuid()));

    assert_int_equal(open_at(&made, path, 0600), 0);
    assert_false(unix_socket_clear(&made.file, UNIX_SOCKET_SAME_USER));
    unix_socket_close(&made);
}

static void
a_path_that_does_not_fit_is_refused(void **state)
{
    struct unix_socket made;
    char name[UNIX_SOCKET_PATH_MAX + 1];
    const size_t room =
        UNIX_SOCKET_PATH_MAX - 1 - strlen(scratch_directory) - 1;
    char whole[sizeof scratch_directory + UNIX_SOCKET_PATH_MAX + 1];

    (void)state;
    memset(name, 'n', sizeof name);
    (void)snprintf(whole, sizeof whole, "%s/%.*s", scratch_directory, (int)room,
                   name);
    assert_int_equal(strlen(whole), 107);
    assert_int_equal(open_at(&made, whole, 0600), 0);
    assert_int_equal(connect_error(whole, SOCK_STREAM), 0);
    unix_socket_close(&made);
    (void)snprintf(whole, sizeof whole, "%s/%.*s", scratch_directory,
                   (int)room + 1, name);
    assert_int_equal(open_at(&made, whole, 0600), ENAMETOOLONG);
    assert_non_null(strstr(complaint.text, "108 bytes, and 107 are the most"));
}

static void
a_relative_path_becomes_absolute(void **state)
{
    struct unix_socket made;
    char before[4096];

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(scratch_directory), 0);
    assert_int_equal(open_at(&made, "a.sock", 0600), 0);
    assert_int_equal(chdir("/"), 0);
    assert_string_equal(made.file.path, path);
    unix_socket_close(&made);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(chdir(before), 0);
}

static void
a_path_without_a_name_or_a_directory_is_refused(void **state)
{
    static const struct {
        const char *path;
        int error;
    } rows[] = {
        {"/tmp/", EINVAL},
        {"/tmp/.", EINVAL},
        {"..", EINVAL},
        {"/no such directory/a.sock", ENOENT},
        {"/dev/null/a.sock", ENOTDIR},
    };
    struct unix_socket made;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(open_at(&made, rows[i].path, 0600), rows[i].error);
        assert_non_null(strstr(complaint.text, rows[i].path));
        assert_int_equal(made.fd, -1);
    }
}

#define SWEEP_MAX 500

/* With nothing there, and with what a dead server left. */
static void
an_opening_that_fails_anywhere_leaves_nothing_behind(void **state)
{
    static const int errors[] = {EIO, EACCES, EINTR};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof errors / sizeof errors[0]; i++) {
        const char *failed = "";
        for (long n = 1; failed != NULL; n++) {
            struct unix_socket made;

            assert_true(n < SWEEP_MAX);
            if (i % 2 == 1) {
                (void)leave_file();
            }
            int before = fake_calls_descriptors();
            fake_calls_fail(NULL, n, errors[i / 2]);
            int error = open_at(&made, path, 0600);
            failed = fake_calls_failed();
            assert_true(error == 0 || failed != NULL);
            assert_int_equal(error != 0, complaint.text[0] != '\0');
            if (error == 0) {
                assert_int_equal(connect_error(path, SOCK_STREAM), 0);
                unix_socket_close(&made);
            }
            assert_int_equal(fake_calls_descriptors(), before);
            assert_true(i % 2 == 1 || access(path, F_OK) != 0);
            (void)unlink(path);
        }
    }
}

static void
a_path_longer_than_any_is_refused(void **state)
{
    static char long_path[PATH_MAX + 1];
    struct unix_socket made;

    (void)state;
    memset(long_path, 'x', sizeof long_path - 1);
    assert_int_equal(open_at(&made, long_path, 0600), ENAMETOOLONG);
    assert_non_null(strstr(complaint.text, "are the most"));
    unix_socket_close(&made); /* one that is not open may be closed */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_connect_and_the_file_goes),
        cmocka_unit_test(the_mode_is_the_one_asked_for_whatever_the_umask),
        cmocka_unit_test(root_may_give_it_away),
        cmocka_unit_test(what_a_dead_server_left_is_replaced),
        cmocka_unit_test(one_in_use_is_refused),
        cmocka_unit_test(a_datagram_socket_in_use_is_refused),
        cmocka_unit_test(other_files_are_left_alone),
        cmocka_unit_test(another_file_in_its_place_stays),
        cmocka_unit_test(what_is_left_is_cleared_only_if_it_is_the_one),
        cmocka_unit_test(a_path_that_does_not_fit_is_refused),
        cmocka_unit_test(a_relative_path_becomes_absolute),
        cmocka_unit_test(a_path_without_a_name_or_a_directory_is_refused),
        cmocka_unit_test(an_opening_that_fails_anywhere_leaves_nothing_behind),
        cmocka_unit_test(a_path_longer_than_any_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_directory_remove);
}
