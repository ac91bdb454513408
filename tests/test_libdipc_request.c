/* Requests as they go on the wire, and what is refused before. */

#include <string.h>

#include "cmocka_all.h"
#include "libdipc_request.h"

#define ANY DIPC_ANY_VERSION
#define BIG ((uint64_t)INT64_MAX)

static char line[LIBDIPC_HEADER_MAX];
static struct dipc_error error;

static void
reads_are_written_as_the_protocol_says(void **state)
{
    static const struct {
        uint64_t offset;
        uint64_t version;
        size_t capacity;
        const char *line; /* NULL: invalid */
    } rows[] = {
        {0, ANY, 8, "r 4294967295 max=8\n"},
        {0, ANY, 0, "r 4294967295 max=0\n"},
        {7, ANY, 8, "r 4294967295 at=7 max=8\n"},
        {0, 0, 8, "r 4294967295 max=8 if=0\n"},
        {BIG, BIG, SIZE_MAX,
         "r 4294967295 at=9223372036854775807 max=9223372036854775807 "
         "if=9223372036854775807\n"},
        {BIG + 1, ANY, 8, NULL},
        {0, BIG + 1, 8, NULL},
        {DIPC_END, ANY, 8, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum dipc_status status = libdipc_request_read(
            line, UINT32_MAX, rows[i].offset, rows[i].version, line,
            rows[i].capacity, &error);
        assert_int_equal(status, rows[i].line ? DIPC_OK : DIPC_INVALID);
        if (rows[i].line) {
            assert_string_equal(line, rows[i].line);
        }
    }
    assert_int_equal(libdipc_request_read(line, 0, 0, ANY, NULL, 8, &error),
                     DIPC_INVALID);
    assert_int_equal(libdipc_request_read(line, 0, 0, ANY, NULL, 0, NULL),
                     DIPC_OK);
}

static void
waits_are_written_as_the_protocol_says(void **state)
{
    (void)state;
    assert_int_equal(
        libdipc_request_wait(line, 3, BIG, 86400000, line, 8, &error), DIPC_OK);
    assert_string_equal(line,
                        "r 3 max=8 after=9223372036854775807 wait=86400000\n");
    assert_int_equal(libdipc_request_wait(line, 3, 0, 0, NULL, 0, &error),
                     DIPC_OK);
    assert_string_equal(line, "r 3 max=0 after=0 wait=0\n");
    assert_int_equal(libdipc_request_wait(line, 3, ANY, 0, NULL, 0, &error),
                     DIPC_INVALID);
    assert_int_equal(libdipc_request_wait(line, 3, 0, 0, NULL, 1, &error),
                     DIPC_INVALID);
}

static void
writes_are_written_as_the_protocol_says(void **state)
{
    static const struct {
        uint64_t place;
        uint64_t version;
        size_t length;
        const char *line; /* NULL: invalid */
    } rows[] = {
        {DIPC_REPLACE, ANY, 5, "w 3 5\n"},
        {DIPC_REPLACE, ANY, 0, "w 3 0\n"},
        {DIPC_REPLACE, 0, 5, "w 3 5 if=0\n"},
        {DIPC_END, ANY, 5, "w 3 5 at=end\n"},
        {DIPC_END, 7, 5, "w 3 5 at=end if=7\n"},
        {0, ANY, 5, "w 3 5 at=0\n"},
        {BIG, BIG, 5, "w 3 5 at=9223372036854775807 if=9223372036854775807\n"},
        {BIG + 1, ANY, 5, NULL},
        {DIPC_END - 1, ANY, 5, NULL},
        {0, ANY - 1, 5, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum dipc_status status =
            libdipc_request_write(line, 3, rows[i].place, rows[i].version, line,
                                  rows[i].length, &error);
        assert_int_equal(status, rows[i].line ? DIPC_OK : DIPC_INVALID);
        if (rows[i].line) {
            assert_string_equal(line, rows[i].line);
        } else {
            assert_int_equal(error.status, DIPC_INVALID);
        }
    }
    assert_int_equal(
        libdipc_request_write(line, 3, DIPC_REPLACE, ANY, NULL, 5, NULL),
        DIPC_INVALID);
}

/* The longest line has room: its end is there. */
static void
the_longest_lines_fit(void **state)
{
    (void)state;
    assert_int_equal(libdipc_request_write(line, UINT32_MAX, BIG, BIG, line,
                                           SIZE_MAX, &error),
                     DIPC_OK);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_int_equal(libdipc_request_wait(line, UINT32_MAX, BIG, BIG, line,
                                          SIZE_MAX, &error),
                     DIPC_OK);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

static void
statistics_are_of_a_mailbox_or_the_server(void **state)
{
    (void)state;
    libdipc_request_stat(line, DIPC_SERVER);
    assert_string_equal(line, "s\n");
    libdipc_request_stat(line, 0);
    assert_string_equal(line, "s 0\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_are_written_as_the_protocol_says),
        cmocka_unit_test(waits_are_written_as_the_protocol_says),
        cmocka_unit_test(writes_are_written_as_the_protocol_says),
        cmocka_unit_test(the_longest_lines_fit),
        cmocka_unit_test(statistics_are_of_a_mailbox_or_the_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
