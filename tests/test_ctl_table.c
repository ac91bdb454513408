/* Lines that are cut, and figures as a person reads them. */

#include "ctl_table.h"

#include <stdlib.h>

#include "cmocka_all.h"

#define DAY_S UINT64_C(86400)

static void
lines_are_cut_and_end_with_the_room(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    struct ctl_table table = {
        .stream = stream, .line_end = "|\n", .columns = 4, .lines_left = 2};

    (void)state;
    assert_non_null(stream);
    ctl_table_line(&table, "%d", 12);
    ctl_table_line(&table, "abcdef");
    ctl_table_line(&table, "no more");
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, "12|\nabcd|\n");
    free(text);
}

static void
figures_are_short(void **state)
{
    char number[CTL_TABLE_NUMBER_MAX];
    char time[CTL_TABLE_TIME_MAX];

    (void)state;
    assert_int_equal(ctl_table_growth(3, 10), 7);
    assert_int_equal(ctl_table_growth(10, 3), 0);
    assert_string_equal(ctl_table_rate(5, 0, number), "-");
    assert_string_equal(ctl_table_rate(0, 2, number), "0");
    assert_string_equal(ctl_table_rate(5, 2, number), "2.5");
    assert_string_equal(ctl_table_rate(500, 2, number), "250");
    assert_string_equal(ctl_table_bytes(0, number), "0 B");
    assert_string_equal(ctl_table_bytes(1023.5, number), "1023 B");
    assert_string_equal(ctl_table_bytes(1536, number), "1.5 kB");
    assert_string_equal(ctl_table_bytes(4096, number), "4 kB");
    assert_string_equal(ctl_table_bytes(64.0 * 1024 * 1024, number), "64 MB");
    assert_string_equal(ctl_table_age(59, time), "59 s");
    assert_string_equal(ctl_table_age(60, time), "1 min");
    assert_string_equal(ctl_table_age(3599, time), "59 min");
    assert_string_equal(ctl_table_age(2 * DAY_S - 1, time), "47 h");
    assert_string_equal(ctl_table_age(2 * DAY_S, time), "2 days");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_cut_and_end_with_the_room),
        cmocka_unit_test(figures_are_short),
    };

    return cmocka_run_group_tests_name("ctl_table", tests, NULL, NULL);
}
