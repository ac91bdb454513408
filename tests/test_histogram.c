/* stress/histogram: percentiles that are never told too small. */

#include "cmocka_all.h"

#include <stdlib.h>

#include "histogram.h"

static int
make(void **state)
{
    *state = calloc(1, sizeof(struct histogram));
    return *state == NULL ? -1 : 0;
}

static int
unmake(void **state)
{
    free(*state);
    return 0;
}

static void
empty_one_has_no_percentile(void **state)
{
    assert_int_equal(histogram_percentile(*state, 500000), 0);
    assert_int_equal(histogram_percentile(*state, 1000000), 0);
}

static void
short_spans_are_kept_exactly(void **state)
{
    for (uint64_t span = 1; span <= 200; span++) {
        histogram_add(*state, span);
    }
    assert_int_equal(histogram_percentile(*state, 0), 1);
    assert_int_equal(histogram_percentile(*state, 5000), 1);
    assert_int_equal(histogram_percentile(*state, 5001), 2);
    assert_int_equal(histogram_percentile(*state, 500000), 100);
    assert_int_equal(histogram_percentile(*state, 990000), 198);
    assert_int_equal(histogram_percentile(*state, 1000000), 200);
}

static void
every_span_is_within_one_percent(void **state)
{
    struct histogram *histogram = *state;
    const uint64_t most = UINT64_C(1) << 46;
    for (uint64_t span = 1; span < most; span = span * 9 / 8 + 1) {
        *histogram = (struct histogram){0};
        histogram_add(histogram, span);
        histogram_add(histogram, most);
        uint64_t told = histogram_percentile(histogram, 500000);
        assert_true(told >= span);
        assert_true(told <= span + span / 100);
    }
}

static void
slots_follow_each_other_without_a_gap(void **state)
{
    struct histogram *histogram = *state;
    uint64_t last = 0;
    for (uint64_t span = 1; span < 5000; span++) {
        *histogram = (struct histogram){0};
        histogram_add(histogram, span);
        histogram_add(histogram, 1000000);
        uint64_t told = histogram_percentile(histogram, 500000);
        assert_true(told == last || last < span);
        last = told;
    }
}

static void
longest_span_is_told_exactly(void **state)
{
    histogram_add(*state, 5);
    histogram_add(*state, 123456789);
    assert_int_equal(histogram_percentile(*state, 1000000), 123456789);
    histogram_add(*state, UINT64_MAX);
    assert_int_equal(histogram_percentile(*state, 1000000), UINT64_MAX);
    assert_int_equal(((struct histogram *)*state)->count, 3);
}

static void
rare_span_shows_only_in_its_percentile(void **state)
{
    for (int i = 0; i < 9999; i++) {
        histogram_add(*state, 10);
    }
    histogram_add(*state, 250);
    assert_int_equal(histogram_percentile(*state, 999900), 10);
    assert_int_equal(histogram_percentile(*state, 999901), 250);
}

static void
merged_one_has_all_of_both(void **state)
{
    struct histogram *other = calloc(1, sizeof(*other));
    assert_non_null(other);
    for (uint64_t span = 1; span <= 100; span++) {
        histogram_add(*state, span);
        histogram_add(other, span + 100);
    }
    histogram_merge(*state, other);
    free(other);
    assert_int_equal(((struct histogram *)*state)->count, 200);
    assert_int_equal(histogram_percentile(*state, 500000), 100);
    assert_int_equal(histogram_percentile(*state, 750000), 150);
    assert_int_equal(histogram_percentile(*state, 1000000), 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_one_has_no_percentile, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(short_spans_are_kept_exactly, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(every_span_is_within_one_percent, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(slots_follow_each_other_without_a_gap,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(longest_span_is_told_exactly, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(rare_span_shows_only_in_its_percentile,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(merged_one_has_all_of_both, make,
                                        unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
