#include "watch.h"

#include <errno.h>
#include <stdlib.h>

#include "actor.h"
#include "cmocka_all.h"

#define ACTORS 3
#define PLACE 9
#define FAR_MS 3600000

/* A version, its watch, and actors that each sit on a seat. */
struct stage {
    struct seat_table table;
    struct seat_totals totals;
    struct seat seats[ACTORS];
    struct watch watch;
    _Atomic uint64_t version;
    struct actor actors[ACTORS];
    bool died[ACTORS];
    struct part {
        struct stage *stage;
        uint32_t seat;
        uint64_t above;
        struct timespec deadline;
    } parts[ACTORS];
};

static int
sit(void *argument)
{
    struct part *part = argument;
    uint32_t seat = SEAT_NONE;
    return seat_take(&part->stage->table, part->seat, &seat);
}

static int
stand(void *argument)
{
    struct part *part = argument;
    seat_leave(&part->stage->table, part->seat);
    return 0;
}

static int
wait_above(void *argument)
{
    struct part *part = argument;
    return watch_wait(&part->stage->table, &part->stage->watch, part->seat,
                      &part->stage->version, part->above, &part->deadline);
}

static int
set_up(void **state, enum parking_kind parking)
{
    struct stage *stage = aligned_alloc(64, sizeof(*stage));
    assert_non_null(stage);
    stage->table = (struct seat_table){.seats = stage->seats,
                                       .totals = &stage->totals,
                                       .count = ACTORS,
                                       .parking = parking,
                                       .checked = true};
    assert_int_equal(seat_table_init(&stage->table), 0);
    assert_int_equal(watch_init(&stage->watch, PLACE), 0);
    atomic_init(&stage->version, 5);
    for (uint32_t i = 0; i < ACTORS; i++) {
        stage->died[i] = false;
        stage->parts[i] = (struct part){.stage = stage, .seat = i};
        stage->parts[i].deadline = actor_deadline_ms(FAR_MS);
        actor_init(&stage->actors[i]);
        assert_int_equal(actor_do(&stage->actors[i], sit, &stage->parts[i]), 0);
    }
    *state = stage;
    return 0;
}

static int
set_up_conditions(void **state)
{
    return set_up(state, PARKING_CONDITION);
}

static int
set_up_futexes(void **state)
{
    return set_up(state, PARKING_FUTEX);
}

/* Somebody sits down on the seat that a dead owner left, and stands up. */
static void
free_seat_of_dead(struct stage *stage, uint32_t i)
{
    uint32_t seat = SEAT_NONE;
    int error = seat_take(&stage->table, i, &seat);
    assert_int_equal(seat, i);
    if (error == EOWNERDEAD) {
        watch_bury(&stage->table, &stage->watch, seat);
    }
    seat_leave(&stage->table, seat);
}

static int
tear_down(void **state)
{
    struct stage *stage = *state;
    watch_recover(&stage->table, &stage->watch);
    for (uint32_t i = 0; i < ACTORS; i++) {
        if (stage->died[i]) {
            free_seat_of_dead(stage, i);
            continue;
        }
        assert_int_equal(actor_do(&stage->actors[i], stand, &stage->parts[i]),
                         0);
        actor_fini(&stage->actors[i]);
    }
    watch_fini(&stage->watch);
    seat_table_fini(&stage->table);
    free(stage);
    return 0;
}

static void
dies(struct stage *stage, uint32_t i)
{
    actor_fini(&stage->actors[i]);
    stage->died[i] = true;
}

static void
watches(struct stage *stage, uint32_t i, uint64_t above)
{
    stage->parts[i].above = above;
    actor_start(&stage->actors[i], wait_above, &stage->parts[i]);
    actor_await_state(&stage->table, i, SEAT_WATCHING);
    watch_check(&stage->table, &stage->watch);
}

static void
finishes(struct stage *stage, uint32_t i, int result)
{
    assert_int_equal(actor_finish(&stage->actors[i]), result);
    assert_int_equal(seat_state(&stage->table, i), SEAT_IDLE);
    watch_check(&stage->table, &stage->watch);
}

static void
publish(struct stage *stage, uint64_t version)
{
    atomic_store(&stage->version, version);
    watch_notify(&stage->table, &stage->watch, version);
}

static void
a_version_already_passed_needs_no_wait(void **state)
{
    struct stage *stage = *state;
    stage->parts[0].above = 4;
    assert_int_equal(actor_do(&stage->actors[0], wait_above, &stage->parts[0]),
                     0);
}

static void
a_publication_wakes_those_whom_it_satisfies(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    watches(stage, 1, 6);
    watches(stage, 2, 5);
    assert_int_equal(atomic_load(&stage->watch.count), 3);
    publish(stage, 6);
    finishes(stage, 0, 0);
    finishes(stage, 2, 0);
    assert_int_equal(seat_state(&stage->table, 1), SEAT_WATCHING);
    assert_int_equal(atomic_load(&stage->watch.count), 1);
    publish(stage, 7);
    finishes(stage, 1, 0);
    assert_int_equal(atomic_load(&stage->watch.count), 0);
}

static void
a_watcher_that_times_out_leaves_no_trace(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    watches(stage, 1, 5);
    actor_expire(&stage->table, 0, &stage->watch.guard);
    finishes(stage, 0, ETIMEDOUT);
    assert_int_equal(atomic_load(&stage->watch.count), 1);
    publish(stage, 6);
    finishes(stage, 1, 0);
}

static void
a_passed_deadline_asks_without_waiting(void **state)
{
    struct stage *stage = *state;
    stage->parts[0].above = 5;
    stage->parts[0].deadline = (struct timespec){0, 0};
    assert_int_equal(actor_do(&stage->actors[0], wait_above, &stage->parts[0]),
                     ETIMEDOUT);
    finishes(stage, 0, ETIMEDOUT);
}

static void
cancel(struct stage *stage, uint32_t i)
{
    if (seat_mark_cancelled(&stage->table, i) == PLACE) {
        watch_cancel(&stage->table, &stage->watch, i);
    }
}

static void
a_cancelled_watcher_leaves_at_once(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    watches(stage, 1, 5);
    cancel(stage, 0);
    finishes(stage, 0, ECANCELED);
    watch_cancel(&stage->table, &stage->watch, 2);
    watch_cancel(&stage->table, &stage->watch, 1);
    assert_int_equal(seat_state(&stage->table, 1), SEAT_WATCHING);
    publish(stage, 6);
    finishes(stage, 1, 0);
    stage->parts[0].above = 6;
    assert_int_equal(actor_do(&stage->actors[0], wait_above, &stage->parts[0]),
                     ECANCELED);
}

static int wakes;

static void
count_a_wake_under_the_guard(void *argument)
{
    struct stage *stage = argument;
    wakes++;
    if (pthread_mutex_trylock(&stage->watch.guard) == 0) {
        wakes += 100;
        pthread_mutex_unlock(&stage->watch.guard);
    }
}

/* Only a seat that watches here is woken, under the guard. */
static void
a_cancellation_wakes_who_watches_here_and_nobody_else(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    publish(stage, 6);
    finishes(stage, 0, 0);
    seat_enter(&stage->table, 2, SEAT_WATCHING, PLACE + 1, 0);
    wakes = 0;
    actor_watch_parking(NULL, count_a_wake_under_the_guard, stage);
    watch_cancel(&stage->table, &stage->watch, 0);
    watch_cancel(&stage->table, &stage->watch, 1);
    watch_cancel(&stage->table, &stage->watch, 2);
    assert_int_equal(wakes, 0);
    seat_set_state(&stage->table, 2, SEAT_IDLE);
    watches(stage, 1, 6);
    watch_cancel(&stage->table, &stage->watch, 1);
    assert_int_equal(wakes, 1);
    actor_watch_parking(NULL, NULL, NULL);
    publish(stage, 7);
    finishes(stage, 1, 0);
}

static void
notifying_nobody_does_nothing(void **state)
{
    struct stage *stage = *state;
    publish(stage, 6);
    watch_check(&stage->table, &stage->watch);
    assert_int_equal(atomic_load(&stage->watch.count), 0);
}

static void
check_now(void *argument)
{
    struct stage *stage = argument;
    watch_check(&stage->table, &stage->watch);
}

static void
the_check_finds_a_ghost(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    atomic_store(&stage->watch.count, 2);
    assert_true(actor_aborts(check_now, stage));
    atomic_store(&stage->watch.count, 1);
    seat_enter(&stage->table, 1, SEAT_WATCHING, PLACE, 0);
    assert_true(actor_aborts(check_now, stage));
    seat_set_state(&stage->table, 1, SEAT_IDLE);
    publish(stage, 6);
    finishes(stage, 0, 0);
}

static void
the_check_finds_broken_links(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    watches(stage, 1, 5);
    stage->seats[1].prev = SEAT_NONE;
    assert_true(actor_aborts(check_now, stage));
    stage->seats[1].prev = 0;
    publish(stage, 6);
    finishes(stage, 0, 0);
    finishes(stage, 1, 0);
}

static void
publish_now(void *argument)
{
    publish(argument, 6);
}

/* The count alone leads a notification into the guard. */
static void
every_operation_of_a_checked_table_checks(void **state)
{
    struct stage *stage = *state;
    atomic_store(&stage->watch.count, 1);
    assert_true(actor_aborts(publish_now, stage));
    stage->table.checked = false;
    assert_false(actor_aborts(publish_now, stage));
    stage->table.checked = true;
    atomic_store(&stage->watch.count, 0);
}

static void
ask_now(void *argument)
{
    struct stage *stage = argument;
    stage->parts[1].deadline = actor_deadline_ms(0);
    stage->parts[1].above = 5;
    (void)wait_above(&stage->parts[1]);
}

static void
break_the_watch(void *argument)
{
    struct stage *stage = argument;
    atomic_store(&stage->watch.count, 7);
}

/* A wrong count is found before the watcher that comes puts it right. */
static void
a_checked_operation_checks_before_it_begins(void **state)
{
    struct stage *stage = *state;
    atomic_store(&stage->watch.count, 1);
    assert_true(actor_aborts(ask_now, stage));
    atomic_store(&stage->watch.count, 0);
    assert_false(actor_aborts(ask_now, stage));
}

/* And one that became wrong on the way, before the guard is let go. */
static void
a_checked_operation_checks_before_it_ends(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    actor_watch_parking(NULL, break_the_watch, stage);
    assert_true(actor_aborts(publish_now, stage));
    actor_watch_parking(NULL, NULL, NULL);
    publish(stage, 6);
    finishes(stage, 0, 0);
}

static void
the_check_needs_no_checked_table(void **state)
{
    struct stage *stage = *state;
    stage->table.checked = false;
    assert_false(actor_aborts(check_now, stage));
    atomic_store(&stage->watch.count, 1);
    assert_true(actor_aborts(check_now, stage));
    atomic_store(&stage->watch.count, 0);
}

static void
who_watches_no_more_says_so(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    assert_int_equal(atomic_load(&stage->seats[0].waiting), PLACE);
    publish(stage, 6);
    finishes(stage, 0, 0);
    assert_int_equal(atomic_load(&stage->seats[0].waiting), SEAT_NOWHERE);
}

static void
finish_watch(void *argument)
{
    struct stage *stage = argument;
    watch_fini(&stage->watch);
}

static void
finishing_a_watch_in_use_is_a_bug(void **state)
{
    struct stage *stage = *state;
    assert_false(actor_aborts(finish_watch, stage));
    watches(stage, 0, 5);
    assert_true(actor_aborts(finish_watch, stage));
    publish(stage, 6);
    finishes(stage, 0, 0);
}

static void
monotonic_now(struct timespec *now)
{
    clock_gettime(CLOCK_MONOTONIC, now);
}

static void
a_watcher_sees_a_version_whose_writer_died_before_telling(void **state)
{
    struct stage *stage = *state;
    stage->table.now = monotonic_now;
    watches(stage, 0, 5);
    atomic_store(&stage->version, 6);
    finishes(stage, 0, 0);
}

static int
watch_and_die(void *argument)
{
    struct part *part = argument;
    struct stage *stage = part->stage;
    pthread_mutex_lock(&stage->watch.guard);
    atomic_store(&stage->seats[part->seat].watched, 5);
    seat_enter(&stage->table, part->seat, SEAT_WATCHING, PLACE, 0);
    seat_list_append(&stage->table, &stage->watch.watchers, part->seat);
    atomic_store(&stage->watch.count, stage->watch.watchers.count);
    pthread_mutex_unlock(&stage->watch.guard);
    return 0;
}

static void
a_dead_watcher_harms_nobody(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(
        actor_do(&stage->actors[0], watch_and_die, &stage->parts[0]), 0);
    dies(stage, 0);
    watches(stage, 1, 5);
    publish(stage, 6);
    finishes(stage, 1, 0);
    assert_int_equal(atomic_load(&stage->watch.count), 0);
}

/* As seat_take does, when the last owner died between its two looks. */
static void
who_inherits_a_dead_watcher_s_seat_unlists_it(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(
        actor_do(&stage->actors[0], watch_and_die, &stage->parts[0]), 0);
    dies(stage, 0);
    assert_int_equal(pthread_mutex_trylock(&stage->seats[0].alive), EOWNERDEAD);
    watch_bury(&stage->table, &stage->watch, 0);
    assert_int_equal(seat_state(&stage->table, 0), SEAT_IDLE);
    seat_leave(&stage->table, 0);
    watch_check(&stage->table, &stage->watch);
    assert_int_equal(atomic_load(&stage->watch.count), 0);
    assert_int_equal(atomic_load(&stage->watch.recoveries), 1);
}

static void
a_dead_watcher_that_is_told_before_its_burial_watches_no_more(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(
        actor_do(&stage->actors[0], watch_and_die, &stage->parts[0]), 0);
    dies(stage, 0);
    assert_int_equal(pthread_mutex_trylock(&stage->seats[0].alive), EOWNERDEAD);
    publish(stage, 6);
    assert_int_equal(seat_state(&stage->table, 0), SEAT_IDLE);
    watch_bury(&stage->table, &stage->watch, 0);
    seat_leave(&stage->table, 0);
    assert_int_equal(atomic_load(&stage->watch.count), 0);
    assert_int_equal(atomic_load(&stage->watch.recoveries), 0);
}

static void
recover_removes_dead_watchers_and_leaves_the_living(void **state)
{
    struct stage *stage = *state;
    watches(stage, 1, 5);
    assert_int_equal(
        actor_do(&stage->actors[0], watch_and_die, &stage->parts[0]), 0);
    assert_int_equal(
        actor_do(&stage->actors[2], watch_and_die, &stage->parts[2]), 0);
    dies(stage, 0);
    dies(stage, 2);
    watch_recover(&stage->table, &stage->watch);
    assert_int_equal(atomic_load(&stage->watch.count), 1);
    assert_int_equal(atomic_load(&stage->watch.recoveries), 2);
    publish(stage, 6);
    finishes(stage, 1, 0);
}

/* Spoil the list, wake a sleeper, and leave the guard to the next one. */
static int
spoil_and_keep_the_guard(void *argument)
{
    struct part *part = argument;
    struct stage *stage = part->stage;
    pthread_mutex_lock(&stage->watch.guard);
    stage->watch.watchers =
        (struct seat_list){.head = 77, .tail = 2, .count = 9};
    atomic_store(&stage->watch.count, 5);
    stage->seats[0].next = 66;
    seat_wake(&stage->table, 0);
    return 0;
}

static void
a_death_in_the_bookkeeping_is_rebuilt_from_the_seats(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    watches(stage, 1, 6);
    assert_int_equal(
        actor_do(&stage->actors[2], spoil_and_keep_the_guard, &stage->parts[2]),
        0);
    dies(stage, 2);
    publish(stage, 6);
    finishes(stage, 0, 0);
    assert_int_equal(atomic_load(&stage->watch.count), 1);
    publish(stage, 7);
    finishes(stage, 1, 0);
    assert_int_equal(atomic_load(&stage->watch.recoveries), 1);
}

static int
spoil_all_and_keep_the_guard(void *argument)
{
    struct part *part = argument;
    struct stage *stage = part->stage;
    pthread_mutex_lock(&stage->watch.guard);
    stage->watch.watchers =
        (struct seat_list){.head = 77, .tail = 2, .count = 9};
    atomic_store(&stage->watch.count, 5);
    return 0;
}

/* Seat 0 has watched here before, and is idle. */
static void
a_rebuilt_list_has_those_who_watch_and_no_others(void **state)
{
    struct stage *stage = *state;
    watches(stage, 0, 5);
    publish(stage, 6);
    finishes(stage, 0, 0);
    watches(stage, 1, 6);
    assert_int_equal(actor_do(&stage->actors[2], spoil_all_and_keep_the_guard,
                              &stage->parts[2]),
                     0);
    dies(stage, 2);
    publish(stage, 7);
    finishes(stage, 1, 0);
    assert_int_equal(atomic_load(&stage->watch.count), 0);
    assert_int_equal(atomic_load(&stage->watch.recoveries), 1);
}

static void
a_rebuilt_list_has_no_watcher_of_another_place(void **state)
{
    struct stage *stage = *state;
    watches(stage, 1, 5);
    seat_enter(&stage->table, 0, SEAT_WATCHING, PLACE + 2, 0);
    assert_int_equal(actor_do(&stage->actors[2], spoil_all_and_keep_the_guard,
                              &stage->parts[2]),
                     0);
    dies(stage, 2);
    watch_check(&stage->table, &stage->watch);
    assert_int_equal(atomic_load(&stage->watch.count), 1);
    assert_int_equal(stage->watch.watchers.head, 1);
    seat_set_state(&stage->table, 0, SEAT_IDLE);
    publish(stage, 6);
    finishes(stage, 1, 0);
}

static void
a_watcher_that_gets_a_dead_one_s_guard_rebuilds_and_sleeps_on(void **state)
{
    struct stage *stage = *state;
    struct timespec deadline = actor_deadline_ms(1000L * ACTOR_PATIENCE_S);
    struct timespec now = {0, 0};
    watches(stage, 0, 5);
    assert_int_equal(
        actor_do(&stage->actors[2], spoil_and_keep_the_guard, &stage->parts[2]),
        0);
    dies(stage, 2);
    while (atomic_load(&stage->watch.recoveries) == 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        assert_true(now.tv_sec <= deadline.tv_sec);
    }
    watch_check(&stage->table, &stage->watch);
    assert_int_equal(seat_state(&stage->table, 0), SEAT_WATCHING);
    publish(stage, 6);
    finishes(stage, 0, 0);
}

#define PUBLICATIONS 2000

static int
follow(void *argument)
{
    struct part *part = argument;
    uint64_t seen = 5;
    while (seen < 5 + PUBLICATIONS) {
        part->above = seen;
        if (wait_above(part) != 0) {
            return 1;
        }
        uint64_t now = atomic_load(&part->stage->version);
        if (now <= seen) {
            return 2;
        }
        seen = now;
    }
    return 0;
}

static void
no_publication_is_missed(void **state)
{
    struct stage *stage = *state;
    for (uint32_t i = 0; i < ACTORS; i++) {
        actor_start(&stage->actors[i], follow, &stage->parts[i]);
    }
    for (uint64_t version = 6; version <= 5 + PUBLICATIONS; version++) {
        publish(stage, version);
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        assert_int_equal(actor_finish(&stage->actors[i]), 0);
    }
}

#define TEST(name)                                                        \
    {#name "_with_conditions", name, set_up_conditions, tear_down, NULL}, \
    {                                                                     \
#name "_with_futexes", name, set_up_futexes, tear_down, NULL      \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_version_already_passed_needs_no_wait),
        TEST(a_publication_wakes_those_whom_it_satisfies),
        TEST(a_watcher_that_times_out_leaves_no_trace),
        TEST(a_passed_deadline_asks_without_waiting),
        TEST(a_cancelled_watcher_leaves_at_once),
        TEST(a_cancellation_wakes_who_watches_here_and_nobody_else),
        TEST(notifying_nobody_does_nothing),
        TEST(the_check_finds_a_ghost),
        TEST(the_check_finds_broken_links),
        TEST(every_operation_of_a_checked_table_checks),
        TEST(a_checked_operation_checks_before_it_begins),
        TEST(a_checked_operation_checks_before_it_ends),
        TEST(the_check_needs_no_checked_table),
        TEST(who_watches_no_more_says_so),
        TEST(finishing_a_watch_in_use_is_a_bug),
        TEST(a_watcher_sees_a_version_whose_writer_died_before_telling),
        TEST(a_dead_watcher_harms_nobody),
        TEST(who_inherits_a_dead_watcher_s_seat_unlists_it),
        TEST(a_dead_watcher_that_is_told_before_its_burial_watches_no_more),
        TEST(recover_removes_dead_watchers_and_leaves_the_living),
        TEST(a_death_in_the_bookkeeping_is_rebuilt_from_the_seats),
        TEST(a_rebuilt_list_has_those_who_watch_and_no_others),
        TEST(a_rebuilt_list_has_no_watcher_of_another_place),
        TEST(a_watcher_that_gets_a_dead_one_s_guard_rebuilds_and_sleeps_on),
        TEST(no_publication_is_missed),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
