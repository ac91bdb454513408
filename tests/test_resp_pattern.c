#include "resp_pattern.h"

#include <string.h>

#include "cmocka_all.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
    const char *pattern;
    const char *text;
    bool matches;
};

/* Each as redis-server 7.0.15 answered it. */
static const struct row rows[] = {
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"*", "123", true},
    {"**", "1", true},
    {"1", "1", true},
    {"1", "12", false},
    {"12", "1", false},
    {"?", "1", true},
    {"?", "", false},
    {"??", "1", false},
    {"1*", "1", true},
    {"1*", "123", true},
    {"*3", "123", true},
    {"*3", "1233", true},
    {"*3", "124", false},
    {"1*2*3", "1122332", false},
    {"1*2*3", "11223323", true},
    {"*12*", "1112", true},
    {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", false},
    {"[12]", "2", true},
    {"[12]", "3", false},
    {"[1-3]", "2", true},
    {"[3-1]", "2", true},
    {"[1-3]", "4", false},
    {"[^1]", "2", true},
    {"[^1]", "1", false},
    {"[^1-3]", "3", false},
    {"[!1]", "1", true},
    {"[!1]", "2", false},
    {"[!-9]", "5", true},
    {"[1", "1", true},
    {"[1-", "1", true},
    {"[1-", "-", true},
    {"[1-]", "5", true},
    {"[^]", "5", true},
    {"[", "[", false},
    {"[]1]", "1", false},
    {"[\\]1]", "]", true},
    {"[\\]1]", "1", true},
    {"[1\\", "\\", true},
    {"[1-\\3]", "5", true},
    {"1[0-5]", "14", true},
    {"[[:digit:]]", "1", false},
    {"[[:digit:]]", ":]", true},
    {"\\1", "1", true},
    {"\\*", "*", true},
    {"\\*", "1", false},
    {"1\\", "1", false},
    {"1\\", "1\\", true},
    {"\\?", "?", true},
};

static void
every_pattern_is_understood_as_redis_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct resp_pattern pattern = {.bytes = rows[i].pattern,
                                             .length = strlen(rows[i].pattern)};
        bool matches = resp_pattern_matches(&pattern, rows[i].text);

        if (matches != rows[i].matches) {
            fail_msg("%s and %s", rows[i].pattern, rows[i].text);
        }
    }
}

static void
the_case_counts_unless_told_otherwise(void **state)
{
    struct resp_pattern pattern = {.bytes = "sA[v-x]\\E", .length = 9};

    (void)state;
    assert_false(resp_pattern_matches(&pattern, "save"));
    pattern.ignores_case = true;
    assert_true(resp_pattern_matches(&pattern, "save"));
    assert_true(resp_pattern_matches(&pattern, "SAXe"));
    assert_false(resp_pattern_matches(&pattern, "saye"));
}

/* A byte of zero is one like the others, and in no text. */
static void
a_pattern_is_as_long_as_it_says(void **state)
{
    const struct resp_pattern zero = {.bytes = "1\0002", .length = 3};
    const struct resp_pattern in_class = {.bytes = "[\0001]", .length = 4};
    const struct resp_pattern shorter = {.bytes = "12", .length = 1};

    (void)state;
    assert_false(resp_pattern_matches(&zero, "1"));
    assert_false(resp_pattern_matches(&zero, "12"));
    assert_true(resp_pattern_matches(&in_class, "1"));
    assert_true(resp_pattern_matches(&shorter, "1"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_is_understood_as_redis_does),
        cmocka_unit_test(the_case_counts_unless_told_otherwise),
        cmocka_unit_test(a_pattern_is_as_long_as_it_says),
    };

    return cmocka_run_group_tests_name("resp_pattern", tests, NULL, NULL);
}
