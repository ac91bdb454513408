#include "seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "cmocka_all.h"

#define SEATS 3

static struct seat seats[SEATS];
static struct seat_totals totals;

static int
set_up(void **state)
{
    struct seat_table *table = malloc(sizeof(*table));
    assert_non_null(table);
    *table = (struct seat_table){
        .seats = seats, .totals = &totals, .count = SEATS, .checked = true};
    assert_int_equal(seat_table_init(table), 0);
    *state = table;
    return 0;
}

static int
tear_down(void **state)
{
    seat_table_fini(*state);
    free(*state);
    return 0;
}

struct taking {
    struct seat_table *table;
    uint32_t hint;
    uint32_t seat;
};

static int
take(void *argument)
{
    struct taking *taking = argument;
    return seat_take(taking->table, taking->hint, &taking->seat);
}

static int
leave(void *argument)
{
    struct taking *taking = argument;
    seat_leave(taking->table, taking->seat);
    return 0;
}

static void
a_new_seat_is_idle_and_nowhere(void **state)
{
    struct seat_table *table = *state;
    seat_table_fini(table);
    memset(seats, 0x5a, sizeof(seats));
    assert_int_equal(seat_table_init(table), 0);
    for (uint32_t i = 0; i < SEATS; i++) {
        assert_int_equal(seat_state(table, i), SEAT_IDLE);
        assert_int_equal(atomic_load(&seats[i].place), SEAT_NOWHERE);
        assert_int_equal(atomic_load(&seats[i].waiting), SEAT_NOWHERE);
        assert_false(seat_is_cancelled(table, i));
    }
}

static void
a_taken_seat_is_not_given_twice(void **state)
{
    struct seat_table *table = *state;
    struct actor actors[SEATS + 1];
    struct taking takings[SEATS + 1];
    const uint32_t expected[SEATS] = {1, 2, 0};
    for (uint32_t i = 0; i <= SEATS; i++) {
        takings[i] = (struct taking){table, 1, SEAT_NONE};
        actor_init(&actors[i]);
    }
    for (uint32_t i = 0; i < SEATS; i++) {
        assert_int_equal(actor_do(&actors[i], take, &takings[i]), 0);
        assert_int_equal(takings[i].seat, expected[i]);
    }
    assert_int_equal(actor_do(&actors[SEATS], take, &takings[SEATS]), EAGAIN);
    assert_int_equal(actor_do(&actors[1], leave, &takings[1]), 0);
    assert_int_equal(actor_do(&actors[SEATS], take, &takings[SEATS]), 0);
    assert_int_equal(takings[SEATS].seat, 2);
    assert_int_equal(actor_do(&actors[SEATS], leave, &takings[SEATS]), 0);
    assert_int_equal(actor_do(&actors[0], leave, &takings[0]), 0);
    assert_int_equal(actor_do(&actors[2], leave, &takings[2]), 0);
    for (uint32_t i = 0; i <= SEATS; i++) {
        actor_fini(&actors[i]);
    }
}

static void
a_hint_beyond_the_table_wraps_round(void **state)
{
    struct seat_table *table = *state;
    uint32_t seat = SEAT_NONE;
    assert_int_equal(seat_take(table, UINT32_MAX, &seat), 0);
    assert_int_equal(seat, UINT32_MAX % SEATS);
    seat_leave(table, seat);
}

static void
a_cancellation_lasts_until_the_owner_stands_up(void **state)
{
    struct seat_table *table = *state;
    uint32_t seat = SEAT_NONE;
    assert_int_equal(seat_take(table, 0, &seat), 0);
    assert_false(seat_is_cancelled(table, seat));
    assert_int_equal(seat_mark_cancelled(table, seat), SEAT_NOWHERE);
    assert_true(seat_is_cancelled(table, seat));
    seat_leave(table, seat);
    assert_int_equal(seat_take(table, 0, &seat), 0);
    assert_false(seat_is_cancelled(table, seat));
    seat_leave(table, seat);
}

static void
a_list_keeps_its_order_when_any_one_leaves(void **state)
{
    struct seat_table *table = *state;
    for (uint32_t leaving = 0; leaving < SEATS; leaving++) {
        struct seat_list list;
        seat_list_init(&list);
        for (uint32_t i = 0; i < SEATS; i++) {
            seat_list_append(table, &list, i);
            seat_list_check(table, &list);
        }
        seat_list_remove(table, &list, leaving);
        seat_list_check(table, &list);
        assert_int_equal(list.count, SEATS - 1);
        uint32_t first = leaving == 0 ? 1 : 0;
        uint32_t last = leaving == SEATS - 1 ? SEATS - 2 : SEATS - 1;
        assert_int_equal(list.head, first);
        assert_int_equal(list.tail, last);
        assert_int_equal(seat_at(table, first)->next, last);
        seat_list_remove(table, &list, first);
        seat_list_remove(table, &list, last);
        assert_int_equal(list.head, SEAT_NONE);
        assert_int_equal(list.tail, SEAT_NONE);
        seat_list_check(table, &list);
    }
}

static void
an_index_outside(void *argument)
{
    (void)seat_at(argument, SEATS);
}

static void
an_index_outside_the_table_is_never_followed(void **state)
{
    assert_true(actor_aborts(an_index_outside, *state));
}

static void
leave_while_reading(void *argument)
{
    struct seat_table *table = argument;
    uint32_t seat = SEAT_NONE;
    if (seat_take(table, 0, &seat) == 0) {
        seat_enter(table, seat, SEAT_READING, 1, 1);
        seat_leave(table, seat);
    }
}

static void
standing_up_with_a_lock_held_is_a_bug(void **state)
{
    assert_true(actor_aborts(leave_while_reading, *state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_seat_is_idle_and_nowhere),
        TEST(a_taken_seat_is_not_given_twice),
        TEST(a_hint_beyond_the_table_wraps_round),
        TEST(a_cancellation_lasts_until_the_owner_stands_up),
        TEST(a_list_keeps_its_order_when_any_one_leaves),
        TEST(an_index_outside_the_table_is_never_followed),
        TEST(standing_up_with_a_lock_held_is_a_bug),
    };
    return cmocka_run_group_tests_name("seat", tests, NULL, NULL);
}
