/* Numbers, times and ports, right and wrong. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "cmocka_all.h"
#include "value.h"

static struct complaint complaint;

static void
numbers_are_digits_within_their_range(void **state)
{
    static const struct {
        const char *text;
        uint64_t number; /* 0: wrong */
    } rows[] = {
        {"1", 1},   {"100", 100},
        {"007", 7}, {"0", 0},
        {"101", 0}, {"", 0},
        {" 5", 0},  {"5 ", 0},
        {"+5", 0},  {"-5", 0},
        {"5.0", 0}, {"0x5", 0},
        {"1e1", 0}, {"18446744073709551616", 0},
        {"5\n", 0}, {"99999999999999999999999999", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t number = 0;
        int error = value_number("mailboxes", rows[i].text, 1, 100, &number,
                                 &complaint);
        assert_int_equal(error, rows[i].number > 0 ? 0 : EINVAL);
        assert_int_equal(number, rows[i].number);
    }
    assert_int_equal(
        value_number("mailboxes", "-5", 1, 100, &(uint64_t){0}, &complaint),
        EINVAL);
    assert_string_equal(complaint.text,
                        "mailboxes '-5' is not one of 1 to 100");
}

static void
times_have_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms; /* 0: wrong */
    } rows[] = {
        {"5", 5000},
        {"5s", 5000},
        {"50ms", 50},
        {"2m", 120000},
        {"1h", 3600000},
        {"0.5", 500},
        {"1.25s", 1250},
        {"0.050", 50},
        {"1.5m", 90000},
        {"0.001", 1},
        {"007", 7000},
        {"2.5ms", 2},
        {"0", 0},
        {"61m", 0},
        {"", 0},
        {"s", 0},
        {"5 s", 0},
        {" 5", 0},
        {"-5", 0},
        {"5.", 0},
        {".5", 0},
        {"5x", 0},
        {"5S", 0},
        {"5ss", 0},
        {"1.2.3", 0},
        {"5us", 0},
        {"1e3", 0},
        {"none", 0},
        {"99999999999999999999", 0},
        {"18446744073709551615h", 0},
        {"0.0001", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t ns = 0;
        int error = value_duration("--gap", rows[i].text, CLOCK_NS_PER_MS,
                                   3600 * CLOCK_NS_PER_S, &ns, &complaint);
        assert_int_equal(error, rows[i].ms > 0 ? 0 : EINVAL);
        assert_int_equal(ns / CLOCK_NS_PER_MS, rows[i].ms);
    }
}

static void
a_wrong_time_is_told_what_is_right(void **state)
{
    uint64_t ns;

    (void)state;
    assert_int_equal(value_duration("--gap", "5x", CLOCK_NS_PER_MS,
                                    90 * CLOCK_NS_PER_S, &ns, &complaint),
                     EINVAL);
    assert_string_equal(complaint.text,
                        "--gap '5x' is not a time of 1ms to 90s: seconds, or "
                        "a number with ms, s, m or h");
}

static void
ports_are_numbers_or_services(void **state)
{
    static const struct {
        const char *text;
        bool any_allowed;
        bool is_right;
        uint16_t port;
    } rows[] = {
        {"1", false, true, 1},
        {"65535", false, true, 65535},
        {"07000", false, true, 7000},
        {"any", true, true, VALUE_ANY_PORT},
        {"any", false, false, 0},
        {"ANY", true, false, 0},
        {"0", true, false, 0},
        {"65536", true, false, 0},
        {"70000", true, false, 0},
        {"-1", true, false, 0},
        {"+1", true, false, 0},
        {"", true, false, 0},
        {"7000 ", true, false, 0},
        {"1.5", true, false, 0},
        {"no-such-service", true, false, 0},
        {"4294974296", true, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint16_t port = 0;
        int error =
            value_port(rows[i].text, rows[i].any_allowed, &port, &complaint);
        assert_int_equal(error, rows[i].is_right ? 0 : EINVAL);
        assert_int_equal(port, rows[i].port);
        assert_int_equal(strncmp(complaint.text, "port '", 6) == 0 || !error,
                         true);
    }
}

static void
modes_are_octal(void **state)
{
    static const struct {
        const char *text;
        int mode; /* -1: wrong */
    } rows[] = {
        {"600", 0600}, {"0660", 0660}, {"777", 0777}, {"000", 0},
        {"0000", 0},   {"1777", -1},   {"7777", -1},  {"60", -1},
        {"6", -1},     {"", -1},       {"00600", -1}, {"608", -1},
        {"0o600", -1}, {"-600", -1},   {"rw-", -1},   {"600 ", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mode_t mode = 0123;
        int error = value_mode("--unix-mode", rows[i].text, &mode, &complaint);
        assert_int_equal(error, rows[i].mode < 0 ? EINVAL : 0);
        assert_int_equal(mode, rows[i].mode < 0 ? 0123 : rows[i].mode);
    }
    assert_string_equal(complaint.text,
                        "--unix-mode '600 ' is not a mode of three octal "
                        "digits, such as 600 or 660");
}

static void
owners_are_users_and_groups(void **state)
{
    static const struct {
        const char *text;
        int error;
        uid_t user;
        gid_t group;
    } rows[] = {
        {"root", 0, 0, VALUE_NO_GROUP},
        {"root:root", 0, 0, 0},
        {"1234", 0, 1234, VALUE_NO_GROUP},
        {"1234:5678", 0, 1234, 5678},
        {":root", 0, VALUE_NO_USER, 0},
        {":7", 0, VALUE_NO_USER, 7},
        {"", EINVAL, 0, 0},
        {":", EINVAL, 0, 0},
        {"root:", EINVAL, 0, 0},
        {"no-such-user", EINVAL, 0, 0},
        {"root:no-such-group", EINVAL, 0, 0},
        {"-1", EINVAL, 0, 0},
        {"4294967295", EINVAL, 0, 0},
        {"4294967296", EINVAL, 0, 0},
        {"root:root:root", EINVAL, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uid_t user;
        gid_t group;
        int error = value_owner("--unix-owner", rows[i].text, &user, &group,
                                &complaint);
        assert_int_equal(error, rows[i].error);
        if (!error) {
            assert_int_equal(user, rows[i].user);
            assert_int_equal(group, rows[i].group);
        } else {
            assert_int_equal(strncmp(complaint.text, "--unix-owner '", 14), 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_digits_within_their_range),
        cmocka_unit_test(times_have_units),
        cmocka_unit_test(a_wrong_time_is_told_what_is_right),
        cmocka_unit_test(ports_are_numbers_or_services),
        cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(owners_are_users_and_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
