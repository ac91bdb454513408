/* What dipcgather shows while it waits, and how it names files. */

#include "dipcgather_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "cmocka_all.h"
#include "fake_calls.h"

static void
a_line_tells_how_far_it_is(void **state)
{
    static const struct {
        struct gather_progress progress;
        uint64_t elapsed_ns;
        const char *line;
    } rows[] = {
        {{.children = 20}, 0, "0 of 20 done, 0 sending, 0 bytes, 0 s"},
        {{.children = 20, .connected = 3, .complete = 12, .bytes = 1023},
         CLOCK_NS_PER_S - 1,
         "12 of 20 done, 3 sending, 1023 bytes, 0 s"},
        {{.children = 20, .complete = 12, .failed = 1, .bytes = 1536},
         59 * CLOCK_NS_PER_S,
         "12 of 20 done, 1 failed, 0 sending, 1.5 kB, 59 s"},
        {{.children = 1, .complete = 1, .bytes = (uint64_t)5 << 40},
         CLOCK_NS_PER_S,
         "1 of 1 done, 0 sending, 5.0 TB, 1 s"},
    };
    char line[DIPCGATHER_REPORT_LINE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(dipcgather_report_progress(
                                &rows[i].progress, rows[i].elapsed_ns, line),
                            rows[i].line);
    }
}

static void
names_have_as_many_digits_as_the_last(void **state)
{
    (void)state;
    assert_int_equal(dipcgather_report_digits(1), 1);
    assert_int_equal(dipcgather_report_digits(10), 1);
    assert_int_equal(dipcgather_report_digits(11), 2);
    assert_int_equal(dipcgather_report_digits(100), 2);
    assert_int_equal(dipcgather_report_digits(101), 3);
}

static char directory[] = "/tmp/dipc-test-report-XXXXXX";

static void
a_new_or_an_empty_directory_is_taken(void **state)
{
    struct complaint complaint = {""};

    (void)state;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(dipcgather_report_make_directory(directory, &complaint),
                     0);
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(dipcgather_report_make_directory(directory, &complaint),
                     0);
    assert_int_equal(
        dipcgather_report_write(directory, 3, 20, "three", 5, true, &complaint),
        0);
    assert_int_equal(dipcgather_report_make_directory(directory, &complaint),
                     ENOTEMPTY);
    assert_non_null(strstr(complaint.text, "is not empty"));
    /* What cannot be looked into is judged by whoever writes into it. */
    fake_calls_fail("opendir", 1, EACCES);
    assert_int_equal(dipcgather_report_make_directory(directory, &complaint),
                     0);
    assert_non_null(fake_calls_failed());
    assert_int_equal(
        dipcgather_report_make_directory("/dev/null/results", &complaint),
        ENOTDIR);
    assert_non_null(strstr(complaint.text, "cannot make the directory"));
}

/* In the directory of the test before, which has the file of child 3. */
static void
a_file_has_all_that_was_sent_or_is_told_not_to(void **state)
{
    struct complaint complaint = {""};
    char path[64];
    char content[16] = "";
    struct stat status;
    static char too_long[5000];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/03", directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(
        dipcgather_report_write(directory, 3, 20, "x", 1, false, &complaint),
        EEXIST);
    assert_non_null(strstr(complaint.text, path));
    assert_int_equal(unlink(path), 0);
    fake_calls_fail("write", 1, ENOSPC);
    assert_int_equal(
        dipcgather_report_write(directory, 3, 20, "x", 1, false, &complaint),
        ENOSPC);
    assert_int_equal(access(path, F_OK), -1); /* half a result is none */
    fake_calls_fail("write", 1, EINTR);
    assert_int_equal(dipcgather_report_write(directory, 3, 20, "three", 5,
                                             false, &complaint),
                     0);
    assert_non_null(fake_calls_failed());
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    assert_int_equal(fread(content, 1, sizeof content, stream), 5);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(content, "three");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
    memset(too_long, 'x', sizeof too_long - 1);
    assert_int_equal(
        dipcgather_report_write(too_long, 3, 20, "x", 1, false, &complaint),
        ENAMETOOLONG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_tells_how_far_it_is),
        cmocka_unit_test(names_have_as_many_digits_as_the_last),
        cmocka_unit_test(a_new_or_an_empty_directory_is_taken),
        cmocka_unit_test(a_file_has_all_that_was_sent_or_is_told_not_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
