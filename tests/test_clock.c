/* Deadlines, and what remains until them. */

#include "clock.h"
#include "cmocka_all.h"

static void
time_does_not_go_back(void **state)
{
    (void)state;
    uint64_t before_ns = clock_now_ns(NULL);
    assert_true(before_ns > 0);
    assert_true(clock_now_ns(NULL) >= before_ns);
}

/* It lags behind, and catches up with any moment that has passed. */
static void
recent_time_is_never_ahead(void **state)
{
    (void)state;
    uint64_t moment_ns = clock_now_ns(NULL);
    uint64_t recent_ns = clock_recent_ns();
    assert_true(recent_ns <= clock_now_ns(NULL));
    for (int i = 0; recent_ns < moment_ns && i < 1000000000; i++) {
        recent_ns = clock_recent_ns();
    }
    assert_true(recent_ns >= moment_ns);
    assert_true(recent_ns <= clock_now_ns(NULL));
}

static void
a_sum_that_does_not_fit_is_never(void **state)
{
    (void)state;
    assert_int_equal(clock_add_ns(1, 2), 3);
    assert_int_equal(clock_add_ns(1, CLOCK_NEVER), CLOCK_NEVER);
    assert_int_equal(clock_add_ns(5, CLOCK_NEVER - 5), CLOCK_NEVER);
    assert_int_equal(clock_add_ns(5, CLOCK_NEVER - 6), CLOCK_NEVER - 1);
}

static void
what_remains_is_never_negative(void **state)
{
    (void)state;
    struct timespec remaining = clock_remaining(10, 3500000000);
    assert_int_equal(remaining.tv_sec, 3);
    assert_int_equal(remaining.tv_nsec, 499999990);
    remaining = clock_remaining(10, 9);
    assert_int_equal(remaining.tv_sec, 0);
    assert_int_equal(remaining.tv_nsec, 0);
}

static void
milliseconds_are_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(clock_remaining_ms(5, CLOCK_NEVER), -1);
    assert_int_equal(clock_remaining_ms(5, 5), 0);
    assert_int_equal(clock_remaining_ms(5, 4), 0);
    assert_int_equal(clock_remaining_ms(5, 6), 1);
    assert_int_equal(clock_remaining_ms(0, 1000000), 1);
    assert_int_equal(clock_remaining_ms(0, 1000001), 2);
    assert_int_equal(clock_remaining_ms(0, CLOCK_NEVER - 1), 86400000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_does_not_go_back),
        cmocka_unit_test(recent_time_is_never_ahead),
        cmocka_unit_test(a_sum_that_does_not_fit_is_never),
        cmocka_unit_test(what_remains_is_never_negative),
        cmocka_unit_test(milliseconds_are_rounded_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
