/* What is drawn is as long as it should be, and never the same. */

#include "entropy.h"

#include <stdint.h>
#include <string.h>

#include "cmocka_all.h"

static void
two_draws_differ(void **state)
{
    uint64_t drawn[2] = {0};

    (void)state;
    assert_int_equal(entropy_draw(&drawn[0], sizeof drawn[0]), 0);
    assert_int_equal(entropy_draw(&drawn[1], sizeof drawn[1]), 0);
    assert_true(drawn[0] != drawn[1]);
}

static void
all_is_filled_and_nothing_beside_it(void **state)
{
    unsigned char room[ENTROPY_BYTES_MAX + 1];
    size_t zeros = 0;

    (void)state;
    memset(room, 0, sizeof room);
    assert_int_equal(entropy_draw(room, ENTROPY_BYTES_MAX), 0);
    assert_int_equal(room[ENTROPY_BYTES_MAX], 0);
    for (size_t i = ENTROPY_BYTES_MAX - 8; i < ENTROPY_BYTES_MAX; i++) {
        zeros += room[i] == 0;
    }
    assert_in_range(zeros, 0, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_draws_differ),
        cmocka_unit_test(all_is_filled_and_nothing_beside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
