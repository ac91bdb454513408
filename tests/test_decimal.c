#include "decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_put(uint64_t number)
{
    char expected[DECIMAL_DIGITS_MAX + 1];
    char text[DECIMAL_DIGITS_MAX + 1];

    (void)snprintf(expected, sizeof expected, "%" PRIu64, number);
    memset(text, '#', sizeof text);
    char *end = decimal_put(text, number);
    assert_int_equal(end - text, strlen(expected));
    assert_memory_equal(text, expected, strlen(expected));
    if (end < text + sizeof text) {
        assert_int_equal(*end, '#');
    }
}

static void
numbers_are_written_as_printf_writes_them(void **state)
{
    uint64_t power = 1;

    (void)state;
    assert_put(0);
    assert_put(UINT64_MAX);
    for (int i = 0; i < DECIMAL_DIGITS_MAX; i++, power *= 10) {
        assert_put(power - 1);
        assert_put(power);
        assert_put(power + 1);
    }
}

static bool
read_all(const char *digits, uint64_t last, uint64_t *number)
{
    *number = 0;
    for (; *digits != '\0'; digits++) {
        if (!decimal_add_digit(number, *digits, last)) {
            return false;
        }
    }
    return true;
}

static void
digits_are_added_up_to_the_last_number(void **state)
{
    static const struct {
        const char *digits;
        uint64_t last;
        bool taken;
        uint64_t number; /* or what it was before the digit that is refused */
    } cases[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"00042", 42, true, 42},
        {"43", 42, false, 4},
        {"9", 10, true, 9},
        {"10", 10, true, 10},
        {"11", 10, false, 1},
        {"50", 42, false, 5},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, UINT64_MAX / 10},
        {"18446744073709551620", UINT64_MAX, false,
         UINT64_C(1844674407370955162)},
        {"4:", 99, false, 4},
        {"4/", 99, false, 4},
        {"-1", 99, false, 0},
        {"\xff", 99, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t number = 77;

        assert_int_equal(read_all(cases[i].digits, cases[i].last, &number),
                         cases[i].taken);
        assert_int_equal(number, cases[i].number);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_printf_writes_them),
        cmocka_unit_test(digits_are_added_up_to_the_last_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
