#include "seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "cmocka_all.h"
#include "guard.h"

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

/* Its owner is cancelled, says that it may be asleep, and dies all idle. */
static int
take_and_die(void *argument)
{
    struct taking *taking = argument;
    int error = take(argument);
    atomic_store(&seats[taking->seat].waiting, 7);
    atomic_store(&seats[taking->seat].cancelled, 1);
    return error;
}

static void
a_seat_that_a_dead_owner_left_idle_is_as_good_as_new(void **state)
{
    struct seat_table *table = *state;
    struct taking taking = {table, 1, SEAT_NONE};
    struct actor actor;
    uint32_t seat = SEAT_NONE;
    actor_init(&actor);
    assert_int_equal(actor_do(&actor, take_and_die, &taking), 0);
    actor_fini(&actor);
    assert_int_equal(seat_take(table, 1, &seat), 0);
    assert_int_equal(seat, 1);
    assert_false(seat_is_cancelled(table, seat));
    assert_int_equal(seat_mark_cancelled(table, seat), SEAT_NOWHERE);
    seat_leave(table, seat);
}

static _Atomic int clock_reads;

static void
counted_now(struct timespec *now)
{
    atomic_fetch_add(&clock_reads, 1);
    clock_gettime(CLOCK_MONOTONIC, now);
}

#define SHORT_NS 10000000L
#define LONG_NS 60000000000L

static void
a_sleep_ends_with_the_deadline_or_the_nap_whichever_is_first(void **state)
{
    struct seat_table *table = *state;
    pthread_mutex_t guard;
    uint32_t seat = SEAT_NONE;
    table->now = counted_now;
    assert_int_equal(guard_init(&guard), 0);
    assert_int_equal(seat_take(table, 0, &seat), 0);
    assert_false(guard_lock(&guard));
    struct timespec soon = actor_deadline_ms(10);
    struct timespec far = actor_deadline_ms(60000);
    int error = 0;
    while (error == 0) {
        error = seat_sleep(table, seat, &guard, &soon, LONG_NS);
    }
    assert_int_equal(error, ETIMEDOUT);
    assert_int_equal(seat_sleep(table, seat, &guard, &far, SHORT_NS), 0);
    assert_int_equal(seat_sleep(table, seat, &guard, NULL, SHORT_NS), 0);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_true(now.tv_sec < far.tv_sec);
    guard_unlock(&guard);
    guard_fini(&guard);
    seat_leave(table, seat);
}

/* In the first second of the clock: a deadline that has passed. */
static void
long_ago(struct timespec *now)
{
    *now = (struct timespec){.tv_nsec = 5};
}

static void
a_deadline_that_is_the_nap_s_end_is_a_deadline(void **state)
{
    struct seat_table *table = *state;
    struct timespec deadline = {.tv_nsec = 5 + SHORT_NS};
    pthread_mutex_t guard;
    uint32_t seat = SEAT_NONE;
    table->now = long_ago;
    assert_int_equal(guard_init(&guard), 0);
    assert_int_equal(seat_take(table, 0, &seat), 0);
    assert_false(guard_lock(&guard));
    assert_int_equal(seat_sleep(table, seat, &guard, &deadline, SHORT_NS),
                     ETIMEDOUT);
    deadline.tv_nsec++;
    assert_int_equal(seat_sleep(table, seat, &guard, &deadline, SHORT_NS), 0);
    guard_unlock(&guard);
    guard_fini(&guard);
    seat_leave(table, seat);
}

struct busy {
    struct seat_table *table;
    pthread_mutex_t guard;
};

static int
lock_busy(void *argument)
{
    struct busy *busy = argument;
    if (seat_lock_guard(busy->table, &busy->guard)) {
        return EOWNERDEAD;
    }
    guard_unlock(&busy->guard);
    return 0;
}

/* Only where processes share the table does a wait for a guard take naps. */
static void
a_guard_is_awaited_in_naps_where_processes_share_it(void **state)
{
    struct busy busy = {.table = *state};
    struct timespec deadline = actor_deadline_ms(1000L * ACTOR_PATIENCE_S);
    struct timespec now = {0, 0};
    struct actor actor;
    busy.table->now = counted_now;
    actor_init(&actor);
    assert_int_equal(guard_init(&busy.guard), 0);
    for (int shared = 0; shared <= 1; shared++) {
        busy.table->parking = shared ? PARKING_FUTEX : PARKING_CONDITION;
        atomic_store(&clock_reads, 0);
        assert_false(guard_lock(&busy.guard));
        actor_start(&actor, lock_busy, &busy);
        while (shared && atomic_load(&clock_reads) == 0) {
            clock_gettime(CLOCK_MONOTONIC, &now);
            assert_true(now.tv_sec <= deadline.tv_sec);
        }
        guard_unlock(&busy.guard);
        assert_int_equal(actor_finish(&actor), 0);
        assert_true(shared || atomic_load(&clock_reads) == 0);
    }
    busy.table->parking = PARKING_CONDITION;
    actor_fini(&actor);
    guard_fini(&busy.guard);
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
        TEST(a_seat_that_a_dead_owner_left_idle_is_as_good_as_new),
        TEST(a_sleep_ends_with_the_deadline_or_the_nap_whichever_is_first),
        TEST(a_deadline_that_is_the_nap_s_end_is_a_deadline),
        TEST(a_guard_is_awaited_in_naps_where_processes_share_it),
        TEST(an_index_outside_the_table_is_never_followed),
        TEST(standing_up_with_a_lock_held_is_a_bug),
    };
    return cmocka_run_group_tests_name("seat", tests, NULL, NULL);
}
