/* Permits are had, given back, and done without where they do not come back. */

#include <pthread.h>

#include "cmocka_all.h"
#include "permits.h"

#define COUNT 2U

static struct permits permits;

static int
begin(void **state)
{
    (void)state;
    permits_init(&permits, COUNT);
    return 0;
}

/* All are back where they are of (Q1). */
static int
end(void **state)
{
    (void)state;
    permits_check(&permits);
    permits_fini(&permits);
    return 0;
}

static void
what_is_free_is_had(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct permits_set *one = permits_take(&permits);
        struct permits_set *two = permits_take(&permits);
        assert_ptr_equal(one, &permits.sets[0]);
        assert_ptr_equal(two, &permits.sets[0]);
        permits_give(one);
        permits_give(two);
    }
}

static void *
take_one(void *taken)
{
    *(struct permits_set **)taken = permits_take(&permits);
    return NULL;
}

static void
one_that_comes_back_is_had_by_another(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct permits_set *mine = permits_take(&permits);
        struct permits_set *other = permits_take(&permits);
        struct permits_set *theirs = NULL;
        pthread_t waiter;
        assert_non_null(mine);
        assert_int_equal(pthread_create(&waiter, NULL, take_one, &theirs), 0);
        permits_give(mine);
        assert_int_equal(pthread_join(waiter, NULL), 0);
        assert_non_null(theirs);
        permits_give(theirs);
        permits_give(other);
    }
}

static void
where_none_comes_back_the_next_set_is_used(void **state)
{
    struct permits_set *kept[COUNT];

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        kept[i] = permits_take(&permits);
        assert_ptr_equal(kept[i], &permits.sets[0]);
    }
    const uint64_t begun_ns = clock_now_ns(NULL);
    for (int i = 0; i < 3; i++) {
        struct permits_set *taken = permits_take(&permits);
        assert_true(clock_now_ns(NULL) >= begun_ns + PERMITS_PATIENCE_NS);
        assert_ptr_equal(taken, &permits.sets[1]);
        permits_give(taken);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        permits_give(kept[i]);
    }
    struct permits_set *taken = permits_take(&permits);
    assert_ptr_equal(taken, &permits.sets[1]);
    permits_give(taken);
}

static void
where_all_sets_are_away_one_goes_on_without(void **state)
{
    struct permits_set *kept[PERMITS_SETS * COUNT];

    (void)state;
    for (uint32_t i = 0; i < PERMITS_SETS * COUNT; i++) {
        kept[i] = permits_take(&permits);
        assert_ptr_equal(kept[i], &permits.sets[i / COUNT]);
    }
    const uint64_t begun_ns = clock_now_ns(NULL);
    struct permits_set *none = permits_take(&permits);
    assert_true(clock_now_ns(NULL) >= begun_ns + PERMITS_LONGEST_NS);
    assert_null(none);
    permits_give(none);
    for (uint32_t i = 0; i < PERMITS_SETS * COUNT; i++) {
        permits_give(kept[i]);
    }
    struct permits_set *taken = permits_take(&permits);
    assert_non_null(taken);
    permits_give(taken);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_free_is_had),
        TEST(one_that_comes_back_is_had_by_another),
        TEST(where_none_comes_back_the_next_set_is_used),
        TEST(where_all_sets_are_away_one_goes_on_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
