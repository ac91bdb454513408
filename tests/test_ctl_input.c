/* Where the data of a write comes from. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "ctl_input.h"
#include "fake_heap.h"

static struct ctl_input input;
static struct complaint complaint;

static void
an_argument_is_data(void **state)
{
    (void)state;
    assert_int_equal(ctl_input_open(&input, "hello", NULL, &complaint), 0);
    assert_int_equal(input.length, 5);
    assert_memory_equal(input.data, "hello", 5);
    ctl_input_close(&input);
    assert_int_equal(ctl_input_open(&input, "", NULL, &complaint), 0);
    assert_int_equal(input.length, 0);
    ctl_input_close(&input);
}

/* A temporary file with so many bytes, its name in `path`. */
static void
fill_file(char *path, size_t length)
{
    char *data = test_calloc(1, length + 1);
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    for (size_t i = 0; i < length; i++) {
        data[i] = (char)(i * 31);
    }
    assert_int_equal(write(fd, data, length), length);
    assert_int_equal(close(fd), 0);
    test_free(data);
}

static void
a_file_is_read_whole(void **state)
{
    static const size_t lengths[] = {0, 1, 65535, 65536, 65537, 1000000};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char path[] = "/tmp/dipc-test-input-XXXXXX";
        fill_file(path, lengths[i]);
        assert_int_equal(ctl_input_open(&input, NULL, path, &complaint), 0);
        assert_int_equal(input.length, lengths[i]);
        for (size_t j = 0; j < lengths[i]; j++) {
            if (input.data[j] != (char)(j * 31)) {
                fail_msg("byte %zu of %zu", j, lengths[i]);
            }
        }
        ctl_input_close(&input);
        assert_int_equal(unlink(path), 0);
    }
}

static void
standard_input_is_meant_by_nothing_and_by_a_dash(void **state)
{
    static const char *const files[] = {NULL, "-"};
    const int before = dup(STDIN_FILENO);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int pipe_ends[2];
        assert_int_equal(pipe(pipe_ends), 0);
        assert_int_equal(write(pipe_ends[1], "news", 4), 4);
        assert_int_equal(close(pipe_ends[1]), 0);
        assert_int_equal(dup2(pipe_ends[0], STDIN_FILENO), STDIN_FILENO);
        assert_int_equal(close(pipe_ends[0]), 0);
        assert_int_equal(ctl_input_open(&input, NULL, files[i], &complaint), 0);
        assert_int_equal(input.length, 4);
        assert_memory_equal(input.data, "news", 4);
        ctl_input_close(&input);
    }
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(before), 0);
}

static void
what_cannot_be_read_is_named(void **state)
{
    (void)state;
    assert_int_equal(ctl_input_open(&input, NULL, "/no/such", &complaint),
                     ENOENT);
    assert_non_null(strstr(complaint.text, "/no/such cannot be read"));
    assert_int_equal(ctl_input_open(&input, NULL, "/tmp", &complaint), EISDIR);
    assert_null(input.memory);
    fake_heap_set(0);
    int error = ctl_input_open(&input, NULL, "/dev/null", &complaint);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(error, ENOMEM);
    assert_null(input.memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_argument_is_data),
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(standard_input_is_meant_by_nothing_and_by_a_dash),
        cmocka_unit_test(what_cannot_be_read_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
