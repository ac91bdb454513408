/* What dipcgather shows while it waits, and how it names files. */

#include "dipcgather_report.h"

#include "clock.h"
#include "cmocka_all.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_tells_how_far_it_is),
        cmocka_unit_test(names_have_as_many_digits_as_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
