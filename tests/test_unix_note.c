/* Notes of Unix sockets: what is read is what was written, or nothing. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "unix_note.h"

#define PORT 7000

static char folder[] = "/tmp/dipc-test-note-XXXXXX";
static int directory;

static int
make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || setenv("XDG_RUNTIME_DIR", folder, 1)) {
        return -1;
    }
    directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -1 : 0;
}

static int
remove_directory(void **state)
{
    (void)state;
    (void)unlinkat(directory, "dipc", AT_REMOVEDIR);
    (void)close(directory);
    return rmdir(folder);
}

static bool
is_noted(void)
{
    return faccessat(directory, "7000.unix", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
a_note_is_read_as_it_was_written(void **state)
{
    struct unix_socket_file file = {
        .path = "/a path: with:colons", .device = 26, .inode = 4711};
    struct unix_socket_file found;

    (void)state;
    assert_int_equal(unix_note_read(directory, PORT, &found), ENOENT);
    assert_int_equal(unix_note_write(directory, PORT, &file), 0);
    file.inode++;
    assert_int_equal(unix_note_write(directory, PORT, &file), 0);
    assert_int_equal(unix_note_read(directory, PORT, &found), 0);
    assert_string_equal(found.path, file.path);
    assert_int_equal(found.device, file.device);
    assert_int_equal(found.inode, file.inode);
    assert_int_equal(unix_note_read(directory, PORT + 1, &found), ENOENT);
    unix_note_remove(directory, PORT);
    assert_false(is_noted());
}

static void
the_longest_path_is_noted_whole(void **state)
{
    struct unix_socket_file file = {.device = (dev_t)-1, .inode = (ino_t)-1};
    struct unix_socket_file found;

    (void)state;
    memset(file.path, '/', sizeof file.path - 1);
    assert_int_equal(unix_note_write(directory, PORT, &file), 0);
    assert_int_equal(unix_note_read(directory, PORT, &found), 0);
    assert_string_equal(found.path, file.path);
    assert_true(found.inode == file.inode);
    unix_note_remove(directory, PORT);
}

static void
anything_else_is_no_note(void **state)
{
    static const char *const wrong[] = {
        "x",
        "26:4711",
        "26:4711:relative",
        "26:4711:",
        "026:1:/",
        "-1:1:/",
        "26: 1:/",
        "1:1 :/",
        "+1:1:/",
        ":1:/",
        "18446744073709551616:1:/",
    };
    struct unix_socket_file found;
    char endless[1024];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(symlinkat(wrong[i], directory, "7000.unix"), 0);
        assert_int_equal(unix_note_read(directory, PORT, &found), ENOENT);
        unix_note_remove(directory, PORT);
    }
    memset(endless, '/', sizeof endless);
    memcpy(endless, "1:1:", 4);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(symlinkat(endless, directory, "7000.unix"), 0);
    assert_int_equal(unix_note_read(directory, PORT, &found), ENOENT);
    endless[4 + UNIX_SOCKET_PATH_MAX] = '\0';
    unix_note_remove(directory, PORT);
    assert_int_equal(symlinkat(endless, directory, "7000.unix"), 0);
    assert_int_equal(unix_note_read(directory, PORT, &found), ENOENT);
    assert_int_equal(unix_note_clear(directory, PORT, geteuid()), 0);
    assert_false(is_noted());
}

static void
what_is_noted_is_cleared_unless_somebody_listens(void **state)
{
    char path[64];
    struct unix_socket made;
    const struct unix_socket_request request = {
        .path = path,
        .mode = 0600,
        .user = UNIX_SOCKET_SAME_USER,
        .group = UNIX_SOCKET_SAME_GROUP,
    };
    struct complaint complaint;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/a.sock", folder);
    assert_int_equal(unix_socket_open(&made, &request, &complaint), 0);
    assert_int_equal(unix_note_write(directory, PORT, &made.file), 0);
    assert_int_equal(unix_note_clear(directory, PORT, geteuid()), 0);
    assert_int_equal(access(path, F_OK), 0);

    assert_int_equal(unix_note_write(directory, PORT, &made.file), 0);
    assert_int_equal(close(made.fd), 0);
    assert_int_equal(unix_note_clear(directory, PORT, geteuid()), 1);
    assert_int_equal(access(path, F_OK), -1);
    assert_false(is_noted());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_read_as_it_was_written),
        cmocka_unit_test(the_longest_path_is_noted_whole),
        cmocka_unit_test(anything_else_is_no_note),
        cmocka_unit_test(what_is_noted_is_cleared_unless_somebody_listens),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
