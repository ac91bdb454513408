/* Which directories are used for control sockets, and which are refused. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "runtime.h"

static char directory[] = "/tmp/dipc-test-runtime-XXXXXX";
static char inner[64];

static int
make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory)) {
        return -1;
    }
    (void)snprintf(inner, sizeof inner, "%s/dipc", directory);
    return setenv("XDG_RUNTIME_DIR", directory, 1);
}

static int
remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

static int
try_to_open(bool create)
{
    struct complaint complaint = {""};
    int fd = -1;

    int error = runtime_open(0, geteuid(), create, &fd, &complaint);
    if (!error) {
        (void)close(fd);
    }
    assert_int_equal(error == EPERM, strlen(complaint.text) > 0);
    return error;
}

static void
it_is_made_for_its_user_alone(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(try_to_open(false), ENOENT);
    assert_int_equal(try_to_open(true), 0);
    assert_int_equal(try_to_open(true), 0);
    assert_int_equal(try_to_open(false), 0);
    assert_int_equal(stat(inner, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(rmdir(inner), 0);
}

static void
one_that_others_may_enter_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(chmod(inner, 0755), 0);
    assert_int_equal(try_to_open(true), EPERM);
    assert_int_equal(rmdir(inner), 0);
}

static void
a_link_is_refused(void **state)
{
    char target[64];

    (void)state;
    (void)snprintf(target, sizeof target, "%s/target", directory);
    assert_int_equal(mkdir(target, 0700), 0);
    assert_int_equal(symlink("target", inner), 0);
    assert_int_equal(try_to_open(true), EPERM);
    assert_int_equal(unlink(inner), 0);
    assert_int_equal(rmdir(target), 0);
}

static void
a_file_is_refused(void **state)
{
    (void)state;
    FILE *stream = fopen(inner, "w");
    assert_non_null(stream);
    (void)fclose(stream);
    assert_int_equal(try_to_open(true), EPERM);
    assert_int_equal(unlink(inner), 0);
}

static void
another_users_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(chown(inner, 1, 1), 0);
    assert_int_equal(try_to_open(true), EPERM);
    assert_int_equal(rmdir(inner), 0);
}

/* Root must not leave a directory of its own in a user's place. */
static void
a_place_that_is_another_users_is_no_candidate(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chown(directory, 1, 1), 0);
    assert_int_equal(try_to_open(true), ENOENT);
    assert_int_equal(chown(directory, 0, 0), 0);
    assert_int_equal(access(inner, F_OK), -1);
}

static void
a_relative_or_missing_place_is_no_candidate(void **state)
{
    (void)state;
    assert_int_equal(setenv("XDG_RUNTIME_DIR", "relative", 1), 0);
    assert_int_equal(try_to_open(true), ENOENT);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", "/nonexistent", 1), 0);
    assert_int_equal(try_to_open(true), ENOENT);
    assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
    assert_int_equal(try_to_open(true), ENOENT);
}

/* The error is told, unless it only says that there is no such directory. */
static void
a_directory_that_cannot_be_had_leaves_nothing_open(void **state)
{
    const char *failed = "";

    (void)state;
    assert_int_equal(setenv("XDG_RUNTIME_DIR", directory, 1), 0);
    for (long n = 1; failed != NULL; n++) {
        int before = fake_calls_descriptors();

        assert_true(n < 50);
        fake_calls_fail(NULL, n, EIO);
        int error = try_to_open(true);
        failed = fake_calls_failed();
        assert_int_equal(error != 0, failed != NULL);
        assert_int_equal(fake_calls_descriptors(), before);
    }
    assert_int_equal(rmdir(inner), 0);
}

static void
a_path_that_is_too_long_is_no_place(void **state)
{
    static char too_long[PATH_MAX + 2];

    (void)state;
    memset(too_long, '/', sizeof too_long - 1);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", too_long, 1), 0);
    assert_int_equal(try_to_open(true), ENOENT);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", directory, 1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_made_for_its_user_alone),
        cmocka_unit_test(one_that_others_may_enter_is_refused),
        cmocka_unit_test(a_link_is_refused),
        cmocka_unit_test(a_file_is_refused),
        cmocka_unit_test(another_users_is_refused),
        cmocka_unit_test(a_place_that_is_another_users_is_no_candidate),
        cmocka_unit_test(a_relative_or_missing_place_is_no_candidate),
        cmocka_unit_test(a_directory_that_cannot_be_had_leaves_nothing_open),
        cmocka_unit_test(a_path_that_is_too_long_is_no_place),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
