#include "rwlock.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "cmocka_all.h"
#include "fake_pthread.h"

#define ACTORS 5
#define PLACE 7
#define FAR_MS 3600000

/* A lock, and actors that each sit on the seat of their own number. */
struct stage {
    struct seat_table table;
    struct seat_totals totals;
    struct seat seats[ACTORS];
    struct rwlock lock;
    struct actor actors[ACTORS];
    bool died[ACTORS];
    struct part {
        struct stage *stage;
        uint32_t seat;
        const struct timespec *deadline;
    } parts[ACTORS];
};

static int
sit(void *argument)
{
    struct part *part = argument;
    uint32_t seat = SEAT_NONE;
    int error = seat_take(&part->stage->table, part->seat, &seat);
    return error != 0 ? error : seat == part->seat ? 0 : EINVAL;
}

static int
stand(void *argument)
{
    struct part *part = argument;
    seat_leave(&part->stage->table, part->seat);
    return 0;
}

static int
rdlock(void *argument)
{
    struct part *part = argument;
    return rwlock_rdlock(&part->stage->table, &part->stage->lock, part->seat,
                         part->deadline);
}

static int
wrlock(void *argument)
{
    struct part *part = argument;
    return rwlock_wrlock(&part->stage->table, &part->stage->lock, part->seat,
                         part->deadline);
}

static int
unlock(void *argument)
{
    struct part *part = argument;
    rwlock_unlock(&part->stage->table, &part->stage->lock, part->seat);
    return 0;
}

static int
set_up(void **state, enum parking_kind parking)
{
    struct stage *stage = aligned_alloc(64, sizeof(*stage));
    assert_non_null(stage);
    memset(stage, 0xff, sizeof(*stage));
    stage->table = (struct seat_table){.seats = stage->seats,
                                       .totals = &stage->totals,
                                       .count = ACTORS,
                                       .parking = parking,
                                       .checked = true};
    assert_int_equal(seat_table_init(&stage->table), 0);
    assert_int_equal(rwlock_init(&stage->lock, PLACE), 0);
    for (uint32_t i = 0; i < ACTORS; i++) {
        stage->died[i] = false;
        stage->parts[i] = (struct part){.stage = stage, .seat = i};
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

/* Somebody sits down on each seat that a dead owner left, and stands up. */
static void
free_seat_of_dead(struct stage *stage, uint32_t i)
{
    uint32_t seat = SEAT_NONE;
    int error = seat_take(&stage->table, i, &seat);
    assert_int_equal(seat, i);
    if (error == EOWNERDEAD) {
        rwlock_bury(&stage->table, &stage->lock, seat);
    }
    seat_leave(&stage->table, seat);
}

static int
tear_down(void **state)
{
    struct stage *stage = *state;
    rwlock_recover(&stage->table, &stage->lock);
    for (uint32_t i = 0; i < ACTORS; i++) {
        if (stage->died[i]) {
            free_seat_of_dead(stage, i);
            continue;
        }
        assert_int_equal(actor_do(&stage->actors[i], stand, &stage->parts[i]),
                         0);
        actor_fini(&stage->actors[i]);
    }
    rwlock_fini(&stage->lock);
    seat_table_fini(&stage->table);
    free(stage);
    return 0;
}

/* Script steps: actor i does, begins or finishes a step. */

static void
does(struct stage *stage, uint32_t i, int (*step)(void *))
{
    assert_int_equal(actor_do(&stage->actors[i], step, &stage->parts[i]), 0);
    rwlock_check(&stage->table, &stage->lock);
}

static void
queues(struct stage *stage, uint32_t i, int (*step)(void *))
{
    actor_start(&stage->actors[i], step, &stage->parts[i]);
    actor_await_state(&stage->table, i,
                      step == rdlock ? SEAT_QUEUED_READ : SEAT_QUEUED_WRITE);
    rwlock_check(&stage->table, &stage->lock);
}

static void
finishes(struct stage *stage, uint32_t i, int result)
{
    assert_int_equal(actor_finish(&stage->actors[i]), result);
    rwlock_check(&stage->table, &stage->lock);
}

static void
times_out(struct stage *stage, uint32_t i)
{
    actor_expire(&stage->table, i, &stage->lock.guard);
    finishes(stage, i, ETIMEDOUT);
}

static void
still_waits(struct stage *stage, uint32_t i)
{
    enum seat_state now = seat_state(&stage->table, i);
    assert_true(now == SEAT_QUEUED_READ || now == SEAT_QUEUED_WRITE);
    assert_true(actor_is_busy(&stage->actors[i]));
}

static void
counts_are(struct stage *stage, uint32_t readers, uint32_t writers,
           uint32_t waiting)
{
    struct rwlock_counts counts = rwlock_count(&stage->table, &stage->lock);
    assert_int_equal(counts.readers, readers);
    assert_int_equal(counts.writers, writers);
    assert_int_equal(counts.waiting, waiting);
}

static void
readers_hold_together(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, rdlock);
    counts_are(stage, 2, 0, 0);
    does(stage, 0, unlock);
    does(stage, 1, unlock);
    counts_are(stage, 0, 0, 0);
}

static void
a_writer_holds_alone(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    queues(stage, 2, wrlock);
    counts_are(stage, 0, 1, 2);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    still_waits(stage, 2);
    does(stage, 1, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

static void
reader_behind_a_queued_writer_waits(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    queues(stage, 1, wrlock);
    queues(stage, 2, rdlock);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    still_waits(stage, 2);
    does(stage, 1, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

static void
neighbouring_readers_are_admitted_together(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    queues(stage, 2, rdlock);
    queues(stage, 3, wrlock);
    queues(stage, 4, rdlock);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    finishes(stage, 2, 0);
    counts_are(stage, 2, 0, 2);
    does(stage, 1, unlock);
    still_waits(stage, 3);
    does(stage, 2, unlock);
    finishes(stage, 3, 0);
    still_waits(stage, 4);
    does(stage, 3, unlock);
    finishes(stage, 4, 0);
    does(stage, 4, unlock);
}

static void
writers_are_admitted_in_the_order_of_their_tickets(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    for (uint32_t i = ACTORS - 1; i > 0; i--) {
        queues(stage, i, wrlock);
    }
    does(stage, 0, unlock);
    for (uint32_t i = ACTORS - 1; i > 0; i--) {
        finishes(stage, i, 0);
        for (uint32_t behind = i - 1; behind > 0; behind--) {
            still_waits(stage, behind);
        }
        does(stage, i, unlock);
    }
}

static void
a_passed_deadline_still_takes_a_free_lock(void **state)
{
    struct stage *stage = *state;
    struct timespec past = {0, 0};
    stage->parts[0].deadline = &past;
    does(stage, 0, wrlock);
    does(stage, 0, unlock);
    does(stage, 0, rdlock);
    does(stage, 0, unlock);
}

static void
a_waiter_that_times_out_leaves_no_trace(void **state)
{
    struct stage *stage = *state;
    struct timespec past = {0, 0};
    stage->parts[1].deadline = &past;
    does(stage, 0, wrlock);
    assert_int_equal(actor_do(&stage->actors[1], rdlock, &stage->parts[1]),
                     ETIMEDOUT);
    assert_int_equal(seat_state(&stage->table, 1), SEAT_IDLE);
    counts_are(stage, 0, 1, 0);
    assert_int_equal(actor_do(&stage->actors[1], wrlock, &stage->parts[1]),
                     ETIMEDOUT);
    counts_are(stage, 0, 1, 0);
    does(stage, 0, unlock);
    does(stage, 1, wrlock);
    does(stage, 1, unlock);
}

static void
a_writer_that_times_out_at_the_head_lets_readers_through(void **state)
{
    struct stage *stage = *state;
    struct timespec far = actor_deadline_ms(FAR_MS);
    stage->parts[1].deadline = &far;
    does(stage, 0, rdlock);
    queues(stage, 1, wrlock);
    queues(stage, 2, rdlock);
    queues(stage, 3, rdlock);
    times_out(stage, 1);
    finishes(stage, 2, 0);
    finishes(stage, 3, 0);
    counts_are(stage, 3, 0, 0);
    does(stage, 0, unlock);
    does(stage, 2, unlock);
    does(stage, 3, unlock);
}

static void
a_writer_that_times_out_in_the_middle_joins_the_readers_around_it(void **state)
{
    struct stage *stage = *state;
    struct timespec far = actor_deadline_ms(FAR_MS);
    stage->parts[2].deadline = &far;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    queues(stage, 2, wrlock);
    queues(stage, 3, rdlock);
    times_out(stage, 2);
    counts_are(stage, 0, 1, 2);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    finishes(stage, 3, 0);
    counts_are(stage, 2, 0, 0);
    does(stage, 1, unlock);
    does(stage, 3, unlock);
}

static void
the_last_waiter_that_times_out_leaves_the_tail_right(void **state)
{
    struct stage *stage = *state;
    struct timespec far = actor_deadline_ms(FAR_MS);
    stage->parts[2].deadline = &far;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    queues(stage, 2, rdlock);
    times_out(stage, 2);
    queues(stage, 3, rdlock);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    still_waits(stage, 3);
    does(stage, 1, unlock);
    finishes(stage, 3, 0);
    does(stage, 3, unlock);
}

/* What segment_cancel does, for a lock that stands alone. */
static void
cancel(struct stage *stage, uint32_t i)
{
    if (seat_mark_cancelled(&stage->table, i) == PLACE) {
        rwlock_cancel(&stage->table, &stage->lock, i);
    }
}

static void
a_cancelled_waiter_leaves_the_queue_at_once(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    queues(stage, 1, wrlock);
    queues(stage, 2, rdlock);
    cancel(stage, 1);
    finishes(stage, 1, ECANCELED);
    finishes(stage, 2, 0);
    does(stage, 0, unlock);
    does(stage, 2, unlock);
}

static void
a_cancelled_seat_takes_a_free_lock_and_waits_for_none(void **state)
{
    struct stage *stage = *state;
    cancel(stage, 0);
    does(stage, 0, wrlock);
    does(stage, 0, unlock);
    does(stage, 1, rdlock);
    does(stage, 0, rdlock);
    does(stage, 0, unlock);
    assert_int_equal(actor_do(&stage->actors[0], wrlock, &stage->parts[0]),
                     ECANCELED);
    does(stage, 1, unlock);
    does(stage, 0, stand);
    does(stage, 0, sit);
    assert_false(seat_is_cancelled(&stage->table, 0));
}

static void
cancelling_another_seat_wakes_nobody_else(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    cancel(stage, 0);
    cancel(stage, 3);
    rwlock_cancel(&stage->table, &stage->lock, 3);
    still_waits(stage, 1);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
}

static int wakes;

static void
count_a_wake_under_the_guard(void *argument)
{
    struct stage *stage = argument;
    wakes++;
    if (pthread_mutex_trylock(&stage->lock.guard) == 0) {
        wakes += 100;
        pthread_mutex_unlock(&stage->lock.guard);
    }
}

/* Only a seat that is queued here is woken, under the guard. */
static void
a_cancellation_wakes_who_is_queued_here_and_nobody_else(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    does(stage, 0, unlock);
    seat_enter(&stage->table, 2, SEAT_QUEUED_READ, PLACE + 1, 1);
    wakes = 0;
    actor_watch_parking(NULL, count_a_wake_under_the_guard, stage);
    rwlock_cancel(&stage->table, &stage->lock, 0);
    rwlock_cancel(&stage->table, &stage->lock, 1);
    rwlock_cancel(&stage->table, &stage->lock, 2);
    assert_int_equal(wakes, 0);
    seat_set_state(&stage->table, 2, SEAT_IDLE);
    does(stage, 0, wrlock);
    rwlock_cancel(&stage->table, &stage->lock, 0);
    assert_int_equal(wakes, 0);
    queues(stage, 1, rdlock);
    rwlock_cancel(&stage->table, &stage->lock, 1);
    assert_int_equal(wakes, 1);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    actor_watch_parking(NULL, NULL, NULL);
    does(stage, 1, unlock);
}

static void
unlock_aborting(void *argument)
{
    (void)unlock(argument);
}

static void
unlocking_what_one_does_not_hold_is_a_bug(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    assert_true(actor_aborts(unlock_aborting, &stage->parts[1]));
    does(stage, 0, unlock);
}

/* The check itself: each breach of an invariant is found. */

static void
check_now(void *argument)
{
    struct stage *stage = argument;
    rwlock_check(&stage->table, &stage->lock);
}

static void
check_finds(struct stage *stage)
{
    assert_true(actor_aborts(check_now, stage));
}

static void
the_check_finds_two_writers(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, rdlock);
    seat_set_state(&stage->table, 0, SEAT_WRITING);
    stage->lock.writers = 1;
    check_finds(stage);
    seat_set_state(&stage->table, 0, SEAT_READING);
    stage->lock.writers = 0;
    does(stage, 0, unlock);
    does(stage, 1, unlock);
}

static void
the_check_finds_tickets_out_of_order(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    queues(stage, 2, wrlock);
    uint64_t ticket = atomic_load(&stage->seats[1].ticket);
    atomic_store(&stage->seats[1].ticket, ticket + 1);
    check_finds(stage);
    atomic_store(&stage->seats[1].ticket, ticket);
    atomic_store(&stage->seats[0].ticket, ticket);
    check_finds(stage);
    atomic_store(&stage->seats[0].ticket, ticket - 1);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

static void
the_check_finds_a_lost_wake_up(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    seat_set_state(&stage->table, 0, SEAT_READING);
    stage->lock.writers = 0;
    check_finds(stage);
    seat_set_state(&stage->table, 0, SEAT_WRITING);
    stage->lock.writers = 1;
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
}

static void
the_check_finds_a_seat_that_is_in_no_list(void **state)
{
    struct stage *stage = *state;
    seat_enter(&stage->table, 4, SEAT_QUEUED_READ, PLACE, 1);
    check_finds(stage);
    seat_set_state(&stage->table, 4, SEAT_READING);
    check_finds(stage);
    seat_set_state(&stage->table, 4, SEAT_IDLE);
}

static void
the_check_finds_broken_links(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, rdlock);
    stage->seats[1].prev = 3;
    check_finds(stage);
    stage->seats[1].prev = 0;
    stage->lock.holders.count = 1;
    check_finds(stage);
    stage->lock.holders.count = 2;
    stage->lock.holders.tail = 0;
    check_finds(stage);
    stage->lock.holders.tail = 1;
    stage->seats[0].next = 99;
    check_finds(stage);
    stage->seats[0].next = 1;
    does(stage, 0, unlock);
    does(stage, 1, unlock);
}

static void
the_check_finds_broken_links_in_the_queue(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    queues(stage, 2, wrlock);
    stage->seats[2].prev = 3;
    check_finds(stage);
    stage->seats[2].prev = 1;
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

static void
the_check_looks_at_every_holder(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, rdlock);
    does(stage, 2, rdlock);
    queues(stage, 3, wrlock);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t ticket = atomic_load(&stage->seats[i].ticket);
        seat_set_state(&stage->table, i, SEAT_WRITING);
        check_finds(stage);
        seat_set_state(&stage->table, i, SEAT_READING);
        atomic_store(&stage->seats[i].ticket,
                     atomic_load(&stage->seats[3].ticket));
        check_finds(stage);
        atomic_store(&stage->seats[i].ticket, ticket);
    }
    rwlock_check(&stage->table, &stage->lock);
    for (uint32_t i = 0; i < 3; i++) {
        does(stage, i, unlock);
    }
    finishes(stage, 3, 0);
    does(stage, 3, unlock);
}

static void
the_check_leaves_seats_of_other_places_alone(void **state)
{
    struct stage *stage = *state;
    seat_enter(&stage->table, 3, SEAT_QUEUED_READ, PLACE + 1, 1);
    seat_enter(&stage->table, 4, SEAT_WRITING, PLACE - 1, 1);
    rwlock_check(&stage->table, &stage->lock);
    seat_set_state(&stage->table, 3, SEAT_IDLE);
    seat_set_state(&stage->table, 4, SEAT_IDLE);
}

static void
count_now(void *argument)
{
    struct stage *stage = argument;
    (void)rwlock_count(&stage->table, &stage->lock);
}

static void
every_operation_of_a_checked_table_checks(void **state)
{
    struct stage *stage = *state;
    stage->lock.writers = 1;
    assert_true(actor_aborts(count_now, stage));
    stage->table.checked = false;
    assert_false(actor_aborts(count_now, stage));
    stage->table.checked = true;
    stage->lock.writers = 0;
}

static void
monotonic_now(struct timespec *now)
{
    clock_gettime(CLOCK_MONOTONIC, now);
}

static void
recover_now(void *argument)
{
    struct stage *stage = argument;
    rwlock_recover(&stage->table, &stage->lock);
}

static void
cancel_1_now(void *argument)
{
    struct stage *stage = argument;
    rwlock_cancel(&stage->table, &stage->lock, 1);
}

static void
break_the_lock(void *argument)
{
    struct stage *stage = argument;
    stage->lock.writers = 3;
}

/* What is wrong is found before the operation mends it: a lost wake-up. */
static void
a_checked_operation_checks_before_it_begins(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    seat_set_state(&stage->table, 0, SEAT_READING);
    stage->lock.writers = 0;
    assert_true(actor_aborts(recover_now, stage));
    stage->table.checked = false;
    assert_false(actor_aborts(recover_now, stage));
    stage->table.checked = true;
    seat_set_state(&stage->table, 0, SEAT_WRITING);
    stage->lock.writers = 1;
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
}

/* And what went wrong in it is found before it lets the guard go. */
static void
a_checked_operation_checks_before_it_ends(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    actor_watch_parking(NULL, break_the_lock, stage);
    assert_true(actor_aborts(cancel_1_now, stage));
    stage->table.checked = false;
    assert_false(actor_aborts(cancel_1_now, stage));
    stage->table.checked = true;
    actor_watch_parking(NULL, NULL, NULL);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
}

static int sleeps_left;

/* Wrong at the end of one sleep, and right again in the next. */
static void
break_for_one_sleep(const struct timespec *deadline, void *argument)
{
    struct stage *stage = argument;
    (void)deadline;
    sleeps_left--;
    stage->lock.writers = sleeps_left == 1 ? 3 : 1;
}

static void
sleep_twice(void *argument)
{
    struct stage *stage = argument;
    struct timespec soon = actor_deadline_ms(3 * RWLOCK_NAP_HEAD_NS / 2000000);
    stage->parts[1].deadline = &soon;
    stage->table.now = monotonic_now;
    sleeps_left = 2;
    actor_watch_parking(break_for_one_sleep, NULL, stage);
    (void)wrlock(&stage->parts[1]);
}

/* Before it sleeps, too, for that lets the guard go. */
static void
a_checked_waiter_checks_before_each_sleep(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    assert_true(actor_aborts(sleep_twice, stage));
    stage->table.checked = false;
    assert_false(actor_aborts(sleep_twice, stage));
    stage->table.checked = true;
    does(stage, 0, unlock);
}

static void
the_check_needs_no_checked_table(void **state)
{
    struct stage *stage = *state;
    stage->table.checked = false;
    assert_false(actor_aborts(check_now, stage));
    stage->lock.writers = 1;
    assert_true(actor_aborts(check_now, stage));
    stage->lock.writers = 0;
}

static void
who_waits_no_more_says_so(void **state)
{
    struct stage *stage = *state;
    struct timespec far = actor_deadline_ms(FAR_MS);
    stage->parts[1].deadline = &far;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    assert_int_equal(atomic_load(&stage->seats[1].waiting), PLACE);
    times_out(stage, 1);
    assert_int_equal(atomic_load(&stage->seats[1].waiting), SEAT_NOWHERE);
    queues(stage, 2, rdlock);
    does(stage, 0, unlock);
    finishes(stage, 2, 0);
    assert_int_equal(atomic_load(&stage->seats[2].waiting), SEAT_NOWHERE);
    does(stage, 2, unlock);
}

static void
finish_lock(void *argument)
{
    struct stage *stage = argument;
    rwlock_fini(&stage->lock);
}

static void
finishing_a_lock_in_use_is_a_bug(void **state)
{
    struct stage *stage = *state;
    assert_false(actor_aborts(finish_lock, stage));
    does(stage, 0, rdlock);
    assert_true(actor_aborts(finish_lock, stage));
    queues(stage, 1, wrlock);
    assert_true(actor_aborts(finish_lock, stage));
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
}

/* Death: an actor ends with what it has, and the others go on. */

static void
dies(struct stage *stage, uint32_t i)
{
    actor_fini(&stage->actors[i]);
    stage->died[i] = true;
}

static uint64_t
recoveries(struct stage *stage)
{
    assert_int_equal(atomic_load(&stage->lock.recoveries),
                     atomic_load(&stage->totals.recoveries));
    return atomic_load(&stage->lock.recoveries);
}

static void
the_next_acquirer_removes_a_dead_writer_at_once(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    dies(stage, 0);
    does(stage, 1, rdlock);
    counts_are(stage, 1, 0, 0);
    assert_int_equal(recoveries(stage), 1);
    does(stage, 1, unlock);
}

static void
the_next_writer_removes_dead_readers_at_once(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, rdlock);
    dies(stage, 0);
    dies(stage, 1);
    does(stage, 2, wrlock);
    counts_are(stage, 0, 1, 0);
    assert_int_equal(recoveries(stage), 2);
    does(stage, 2, unlock);
}

static void
a_live_reader_beside_a_dead_one_keeps_its_hold(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, rdlock);
    dies(stage, 0);
    queues(stage, 2, wrlock);
    counts_are(stage, 1, 0, 1);
    does(stage, 1, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

/* As seat_take does, when the last owner died between its two looks. */
static void
inherits_the_seat_of(struct stage *stage, uint32_t i)
{
    struct seat *seat = &stage->seats[i];
    assert_int_equal(pthread_mutex_trylock(&seat->alive), EOWNERDEAD);
    atomic_store(&seat->cancelled, 1);
    atomic_store(&seat->waiting, PLACE);
    rwlock_bury(&stage->table, &stage->lock, i);
    assert_int_equal(seat_state(&stage->table, i), SEAT_IDLE);
    assert_false(seat_is_cancelled(&stage->table, i));
    assert_int_equal(atomic_load(&seat->waiting), SEAT_NOWHERE);
    seat_leave(&stage->table, i);
    rwlock_check(&stage->table, &stage->lock);
}

static void
who_inherits_a_dead_holder_s_seat_passes_the_turn_on(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    dies(stage, 0);
    inherits_the_seat_of(stage, 0);
    finishes(stage, 1, 0);
    assert_int_equal(recoveries(stage), 1);
    does(stage, 1, unlock);
}

static void
a_seat_whose_owner_died_idle_is_buried_without_a_trace(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    does(stage, 0, unlock);
    does(stage, 1, wrlock);
    dies(stage, 0);
    inherits_the_seat_of(stage, 0);
    counts_are(stage, 0, 1, 0);
    assert_int_equal(recoveries(stage), 0);
    does(stage, 1, unlock);
}

static int
queue_and_die(void *argument)
{
    struct part *part = argument;
    struct stage *stage = part->stage;
    pthread_mutex_lock(&stage->lock.guard);
    seat_enter(&stage->table, part->seat, SEAT_QUEUED_WRITE, PLACE,
               stage->lock.next_ticket);
    stage->lock.next_ticket++;
    seat_list_append(&stage->table, &stage->lock.queue, part->seat);
    pthread_mutex_unlock(&stage->lock.guard);
    return 0;
}

static void
who_inherits_a_dead_waiter_s_seat_takes_it_out_of_the_queue(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    assert_int_equal(
        actor_do(&stage->actors[1], queue_and_die, &stage->parts[1]), 0);
    dies(stage, 1);
    inherits_the_seat_of(stage, 1);
    counts_are(stage, 0, 1, 0);
    assert_int_equal(recoveries(stage), 1);
    does(stage, 0, unlock);
}

static void
take_the_lock_and_die(void *argument)
{
    struct stage *stage = argument;
    does(stage, 0, wrlock);
    dies(stage, 0);
}

/* Idle when looked at, and a dead holder's when its mutex is tried. */
static void
who_sits_down_as_the_owner_dies_gets_a_seat_in_order(void **state)
{
    struct stage *stage = *state;
    uint32_t seat = SEAT_NONE;
    fake_pthread_before_trylock(take_the_lock_and_die, stage);
    assert_int_equal(rwlock_sit(&stage->table, &stage->lock, 0, &seat), 0);
    assert_int_equal(seat, 0);
    assert_int_equal(seat_state(&stage->table, 0), SEAT_IDLE);
    counts_are(stage, 0, 0, 0);
    assert_int_equal(recoveries(stage), 1);
    seat_leave(&stage->table, seat);
}

static void
a_dead_waiter_is_passed_over(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    does(stage, 1, queue_and_die);
    dies(stage, 1);
    queues(stage, 2, rdlock);
    queues(stage, 3, rdlock);
    does(stage, 0, unlock);
    finishes(stage, 2, 0);
    finishes(stage, 3, 0);
    assert_int_equal(recoveries(stage), 1);
    does(stage, 2, unlock);
    does(stage, 3, unlock);
}

/* Of a queue of one who is dead nobody is left to be admitted. */
static void
a_dead_waiter_alone_in_the_queue_is_dropped_by_who_unlocks(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    does(stage, 1, queue_and_die);
    dies(stage, 1);
    counts_are(stage, 0, 1, 1);
    does(stage, 0, unlock);
    counts_are(stage, 0, 0, 0);
    assert_int_equal(recoveries(stage), 1);
}

static void
a_reader_behind_a_dead_writer_joins_the_readers_at_once(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, queue_and_die);
    dies(stage, 1);
    does(stage, 2, rdlock);
    counts_are(stage, 2, 0, 0);
    does(stage, 0, unlock);
    does(stage, 2, unlock);
}

static void
sleepers_notice_a_death_well_before_their_deadlines(void **state)
{
    struct stage *stage = *state;
    struct timespec far = actor_deadline_ms(FAR_MS);
    stage->table.now = monotonic_now;
    stage->parts[2].deadline = &far;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    queues(stage, 2, rdlock);
    dies(stage, 0);
    finishes(stage, 1, 0);
    still_waits(stage, 2);
    dies(stage, 1);
    finishes(stage, 2, 0);
    assert_int_equal(recoveries(stage), 2);
    does(stage, 2, unlock);
}

/* A clock that stands still, far ahead: no nap ever ends by itself. */
static void
far_now(struct timespec *now)
{
    *now = (struct timespec){.tv_sec = INT32_MAX};
}

static struct timespec nap_end;

static void
note_nap(const struct timespec *deadline, void *argument)
{
    (void)argument;
    nap_end = *deadline;
}

/* Who is next looks round more often than those behind. */
static void
the_head_of_the_queue_takes_the_short_naps(void **state)
{
    struct stage *stage = *state;
    const long naps_ns[] = {RWLOCK_NAP_HEAD_NS, RWLOCK_NAP_NS};
    stage->table.now = far_now;
    does(stage, 0, wrlock);
    actor_watch_parking(note_nap, NULL, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        queues(stage, 1 + i, wrlock);
        pthread_mutex_lock(&stage->lock.guard);
        assert_int_equal(nap_end.tv_sec, INT32_MAX);
        assert_int_equal(nap_end.tv_nsec, naps_ns[i]);
        pthread_mutex_unlock(&stage->lock.guard);
    }
    actor_watch_parking(NULL, NULL, NULL);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

static void
a_sleeper_that_times_out_looks_for_the_dead_first(void **state)
{
    struct stage *stage = *state;
    struct timespec far = actor_deadline_ms(FAR_MS);
    stage->parts[1].deadline = &far;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    dies(stage, 0);
    actor_expire(&stage->table, 1, &stage->lock.guard);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
}

/* Spoil all that is derived, and leave the guard to the next one. */
static int
spoil_and_keep_the_guard(void *argument)
{
    struct part *part = argument;
    struct rwlock *lock = &part->stage->lock;
    pthread_mutex_lock(&lock->guard);
    lock->queue = (struct seat_list){.head = 4, .tail = 77, .count = 3};
    lock->holders = (struct seat_list){.head = 99, .tail = 0, .count = 9};
    lock->writers = 5;
    lock->next_ticket = 0;
    for (uint32_t i = 0; i < ACTORS; i++) {
        part->stage->seats[i].next = 55;
        part->stage->seats[i].prev = 66;
    }
    return 0;
}

static void
a_death_in_the_bookkeeping_is_rebuilt_from_the_seats(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, rdlock);
    does(stage, 1, rdlock);
    queues(stage, 3, wrlock);
    queues(stage, 2, rdlock);
    assert_int_equal(
        actor_do(&stage->actors[4], spoil_and_keep_the_guard, &stage->parts[4]),
        0);
    dies(stage, 4);
    counts_are(stage, 2, 0, 2);
    assert_int_equal(recoveries(stage), 1);
    does(stage, 1, unlock);
    does(stage, 0, unlock);
    finishes(stage, 3, 0);
    still_waits(stage, 2);
    does(stage, 3, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

/* Somebody else sits down on the dead one's seat. */
static void
comes_back(struct stage *stage, uint32_t i)
{
    actor_init(&stage->actors[i]);
    assert_int_equal(actor_do(&stage->actors[i], sit, &stage->parts[i]), 0);
    stage->died[i] = false;
}

static void
spoiled_by_the_dead(struct stage *stage)
{
    assert_int_equal(
        actor_do(&stage->actors[4], spoil_and_keep_the_guard, &stage->parts[4]),
        0);
    dies(stage, 4);
}

static void
a_rebuilt_queue_is_in_the_order_of_the_tickets(void **state)
{
    const uint32_t orders[][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                  {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    struct stage *stage = *state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        does(stage, 0, wrlock);
        for (size_t j = 0; j < 3; j++) {
            queues(stage, orders[i][j], wrlock);
        }
        spoiled_by_the_dead(stage);
        counts_are(stage, 0, 1, 3);
        does(stage, 0, unlock);
        for (size_t j = 0; j < 3; j++) {
            finishes(stage, orders[i][j], 0);
            does(stage, orders[i][j], unlock);
        }
        comes_back(stage, 4);
    }
}

/* The dead that was queued alone is dropped, though somebody holds. */
static void
a_rebuilt_queue_of_one_who_is_dead_is_empty(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    assert_int_equal(
        actor_do(&stage->actors[1], queue_and_die, &stage->parts[1]), 0);
    assert_int_equal(
        actor_do(&stage->actors[1], spoil_and_keep_the_guard, &stage->parts[1]),
        0);
    dies(stage, 1);
    counts_are(stage, 0, 1, 0);
    assert_int_equal(recoveries(stage), 2);
    does(stage, 0, unlock);
}

static void
a_rebuilt_lock_has_no_seat_of_another_place(void **state)
{
    struct stage *stage = *state;
    seat_enter(&stage->table, 2, SEAT_QUEUED_READ, PLACE + 1, 1);
    seat_enter(&stage->table, 3, SEAT_WRITING, PLACE + 1, 2);
    spoiled_by_the_dead(stage);
    counts_are(stage, 0, 0, 0);
    does(stage, 0, wrlock);
    does(stage, 0, unlock);
    seat_set_state(&stage->table, 2, SEAT_IDLE);
    seat_set_state(&stage->table, 3, SEAT_IDLE);
}

/* The dead had taken a ticket, and had not yet counted it. */
static int
keep_the_guard_and_the_last_ticket(void *argument)
{
    struct part *part = argument;
    pthread_mutex_lock(&part->stage->lock.guard);
    part->stage->lock.next_ticket--;
    return 0;
}

static void
a_ticket_of_the_dead_is_not_given_twice(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    assert_int_equal(actor_do(&stage->actors[4],
                              keep_the_guard_and_the_last_ticket,
                              &stage->parts[4]),
                     0);
    dies(stage, 4);
    queues(stage, 2, wrlock);
    assert_true(atomic_load(&stage->seats[2].ticket) >
                atomic_load(&stage->seats[1].ticket));
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
    finishes(stage, 2, 0);
    does(stage, 2, unlock);
}

static void
the_dead_in_the_bookkeeping_gives_up_its_hold(void **state)
{
    struct stage *stage = *state;
    does(stage, 4, wrlock);
    queues(stage, 1, rdlock);
    assert_int_equal(
        actor_do(&stage->actors[4], spoil_and_keep_the_guard, &stage->parts[4]),
        0);
    dies(stage, 4);
    rwlock_check(&stage->table, &stage->lock);
    finishes(stage, 1, 0);
    counts_are(stage, 1, 0, 0);
    assert_int_equal(recoveries(stage), 2);
    does(stage, 1, unlock);
}

/* The dead admitted this one, and died before it woke it. */
static int
admit_untold_and_keep_the_guard(void *argument)
{
    struct part *part = argument;
    pthread_mutex_lock(&part->stage->lock.guard);
    seat_set_state(&part->stage->table, part->seat, SEAT_IDLE);
    seat_set_state(&part->stage->table, 1, SEAT_WRITING);
    return 0;
}

static void
who_was_admitted_by_the_dead_is_told(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    assert_int_equal(actor_do(&stage->actors[0],
                              admit_untold_and_keep_the_guard,
                              &stage->parts[0]),
                     0);
    dies(stage, 0);
    rwlock_check(&stage->table, &stage->lock);
    finishes(stage, 1, 0);
    counts_are(stage, 0, 1, 0);
    does(stage, 1, unlock);
}

static int
wake_1_and_keep_the_guard(void *argument)
{
    struct part *part = argument;
    pthread_mutex_lock(&part->stage->lock.guard);
    seat_wake(&part->stage->table, 1);
    return 0;
}

/*
 * The kernel gives a dead thread's mutexes back one by one: the guard may be
 * had a moment before the seat shows its owner's death.  A nap covers that.
 */
static void
a_sleeper_that_gets_a_dead_one_s_guard_rebuilds(void **state)
{
    struct stage *stage = *state;
    stage->table.now = monotonic_now;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    assert_int_equal(actor_do(&stage->actors[0], wake_1_and_keep_the_guard,
                              &stage->parts[0]),
                     0);
    dies(stage, 0);
    finishes(stage, 1, 0);
    assert_int_equal(recoveries(stage), 2);
    does(stage, 1, unlock);
}

static void
a_dead_owner_s_seat_is_taken_again(void **state)
{
    struct stage *stage = *state;
    uint32_t seat = SEAT_NONE;
    dies(stage, 3);
    assert_int_equal(seat_take(&stage->table, 3, &seat), 0);
    assert_int_equal(seat, 3);
    seat_leave(&stage->table, seat);
    does(stage, 4, wrlock);
    dies(stage, 4);
    assert_int_equal(seat_take(&stage->table, 4, &seat), 0);
    assert_int_equal(seat, 3);
    seat_leave(&stage->table, seat);
    rwlock_recover(&stage->table, &stage->lock);
    assert_int_equal(seat_take(&stage->table, 4, &seat), 0);
    assert_int_equal(seat, 4);
    seat_leave(&stage->table, seat);
}

static void
who_sits_down_removes_the_dead_when_they_have_all_seats(void **state)
{
    struct stage *stage = *state;
    uint32_t seat = SEAT_NONE;
    assert_int_equal(rwlock_sit(&stage->table, &stage->lock, 0, &seat), EAGAIN);
    does(stage, 2, wrlock);
    queues(stage, 1, rdlock);
    dies(stage, 2);
    assert_int_equal(rwlock_sit(&stage->table, &stage->lock, 0, &seat), 0);
    assert_int_equal(seat, 2);
    finishes(stage, 1, 0);
    counts_are(stage, 1, 0, 0);
    assert_int_equal(recoveries(stage), 1);
    does(stage, 1, unlock);
    seat_leave(&stage->table, seat);
}

static void
who_sits_down_takes_a_free_seat_and_leaves_the_dead_alone(void **state)
{
    struct stage *stage = *state;
    uint32_t seat = SEAT_NONE;
    does(stage, 1, wrlock);
    dies(stage, 1);
    dies(stage, 4);
    assert_int_equal(rwlock_sit(&stage->table, &stage->lock, 0, &seat), 0);
    assert_int_equal(seat, 4);
    assert_int_equal(recoveries(stage), 0);
    seat_leave(&stage->table, seat);
}

static void
recover_removes_the_dead_from_the_middle_of_the_queue(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    does(stage, 2, queue_and_die);
    dies(stage, 2);
    queues(stage, 3, rdlock);
    rwlock_recover(&stage->table, &stage->lock);
    counts_are(stage, 0, 1, 2);
    does(stage, 0, unlock);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
    finishes(stage, 3, 0);
    does(stage, 3, unlock);
}

/* A release up to where it lets go of the guard and has not woken anybody. */
static int
hand_over_untold(void *argument)
{
    struct part *part = argument;
    struct seat_table *table = &part->stage->table;
    struct rwlock *lock = &part->stage->lock;
    pthread_mutex_lock(&lock->guard);
    (void)seat_depart(table, part->seat, PLACE, &lock->holders);
    lock->writers = 0;
    for (uint32_t i = 1; i <= 2; i++) {
        seat_list_remove(table, &lock->queue, i);
        seat_list_append(table, &lock->holders, i);
        seat_set_state(table, i, SEAT_READING);
    }
    pthread_mutex_unlock(&lock->guard);
    return 0;
}

static void
recover_tells_who_was_admitted_and_not_told(void **state)
{
    struct stage *stage = *state;
    does(stage, 0, wrlock);
    queues(stage, 1, rdlock);
    queues(stage, 2, rdlock);
    does(stage, 0, hand_over_untold);
    counts_are(stage, 2, 0, 0);
    assert_true(actor_is_busy(&stage->actors[1]));
    assert_true(actor_is_busy(&stage->actors[2]));
    rwlock_recover(&stage->table, &stage->lock);
    finishes(stage, 1, 0);
    finishes(stage, 2, 0);
    does(stage, 1, unlock);
    does(stage, 2, unlock);
}

static _Atomic uint32_t looks_at_the_clock;

static void
clock_that_counts(struct timespec *now)
{
    atomic_fetch_add(&looks_at_the_clock, 1);
    clock_gettime(CLOCK_MONOTONIC, now);
}

/* Among processes nobody sleeps on a guard but by the clock (guard.h). */
static void
who_finds_the_guard_taken_naps_where_processes_share_it(void **state)
{
    struct stage *stage = *state;
    bool shared = stage->table.parking == PARKING_FUTEX;
    atomic_store(&looks_at_the_clock, 0);
    stage->table.now = clock_that_counts;
    pthread_mutex_lock(&stage->lock.guard);
    actor_start(&stage->actors[0], rdlock, &stage->parts[0]);
    for (time_t end = time(NULL) + ACTOR_PATIENCE_S;
         shared && atomic_load(&looks_at_the_clock) == 0 && time(NULL) < end;) {
        sched_yield();
    }
    pthread_mutex_unlock(&stage->lock.guard);
    finishes(stage, 0, 0);
    stage->table.now = NULL;
    assert_int_equal(atomic_load(&looks_at_the_clock) > 0, shared);
    does(stage, 0, unlock);
}

struct looking {
    pthread_mutex_t *guard;
    uint32_t free_count;
    uint32_t taken_count;
};

static void
look_at_the_guard(void *argument)
{
    struct looking *looking = argument;
    if (pthread_mutex_trylock(looking->guard) != 0) {
        looking->taken_count++;
        return;
    }
    looking->free_count++;
    pthread_mutex_unlock(looking->guard);
}

static void
a_release_wakes_the_next_one_when_the_guard_is_free(void **state)
{
    struct stage *stage = *state;
    struct looking looking = {.guard = &stage->lock.guard};
    does(stage, 0, wrlock);
    queues(stage, 1, wrlock);
    actor_watch_parking(NULL, look_at_the_guard, &looking);
    int error = actor_do(&stage->actors[0], unlock, &stage->parts[0]);
    actor_watch_parking(NULL, NULL, NULL);
    assert_int_equal(error, 0);
    assert_int_equal(looking.free_count, 1);
    assert_int_equal(looking.taken_count, 0);
    finishes(stage, 1, 0);
    does(stage, 1, unlock);
}

/* Many turns at once: the exclusion that users see, with the check on. */

#define TURNS 300

static int
take_turns(void *argument)
{
    struct part *part = argument;
    struct stage *stage = part->stage;
    int64_t *shared = (int64_t *)(uintptr_t)part->deadline;
    unsigned int seed = 17 + part->seat;
    int torn = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        struct timespec deadline = actor_deadline_ms(rand_r(&seed) % 3);
        bool writes = rand_r(&seed) % 3 == 0;
        int error = writes ? rwlock_wrlock(&stage->table, &stage->lock,
                                           part->seat, &deadline)
                           : rwlock_rdlock(&stage->table, &stage->lock,
                                           part->seat, &deadline);
        if (error != 0) {
            torn += error != ETIMEDOUT ? 1 : 0;
            continue;
        }
        torn += shared[0] != shared[1] ? 1 : 0;
        if (writes) {
            shared[0]++;
            shared[1]++;
        }
        rwlock_unlock(&stage->table, &stage->lock, part->seat);
    }
    return torn;
}

static void
a_crowd_with_short_deadlines_breaks_no_invariant(void **state)
{
    struct stage *stage = *state;
    int64_t shared[2] = {0, 0};
    for (uint32_t i = 0; i < ACTORS; i++) {
        stage->parts[i].deadline = (const struct timespec *)(void *)shared;
        actor_start(&stage->actors[i], take_turns, &stage->parts[i]);
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        assert_int_equal(actor_finish(&stage->actors[i]), 0);
    }
    rwlock_check(&stage->table, &stage->lock);
    counts_are(stage, 0, 0, 0);
    assert_true(shared[0] > 0);
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
        TEST(readers_hold_together),
        TEST(a_writer_holds_alone),
        TEST(reader_behind_a_queued_writer_waits),
        TEST(neighbouring_readers_are_admitted_together),
        TEST(writers_are_admitted_in_the_order_of_their_tickets),
        TEST(a_passed_deadline_still_takes_a_free_lock),
        TEST(a_waiter_that_times_out_leaves_no_trace),
        TEST(a_writer_that_times_out_at_the_head_lets_readers_through),
        TEST(a_writer_that_times_out_in_the_middle_joins_the_readers_around_it),
        TEST(the_last_waiter_that_times_out_leaves_the_tail_right),
        TEST(a_cancelled_waiter_leaves_the_queue_at_once),
        TEST(a_cancelled_seat_takes_a_free_lock_and_waits_for_none),
        TEST(cancelling_another_seat_wakes_nobody_else),
        TEST(a_cancellation_wakes_who_is_queued_here_and_nobody_else),
        TEST(unlocking_what_one_does_not_hold_is_a_bug),
        TEST(the_check_finds_two_writers),
        TEST(the_check_finds_tickets_out_of_order),
        TEST(the_check_finds_a_lost_wake_up),
        TEST(the_check_finds_a_seat_that_is_in_no_list),
        TEST(the_check_finds_broken_links),
        TEST(the_check_finds_broken_links_in_the_queue),
        TEST(the_check_looks_at_every_holder),
        TEST(the_check_leaves_seats_of_other_places_alone),
        TEST(every_operation_of_a_checked_table_checks),
        TEST(a_checked_operation_checks_before_it_begins),
        TEST(a_checked_operation_checks_before_it_ends),
        TEST(a_checked_waiter_checks_before_each_sleep),
        TEST(the_check_needs_no_checked_table),
        TEST(who_waits_no_more_says_so),
        TEST(finishing_a_lock_in_use_is_a_bug),
        TEST(the_next_acquirer_removes_a_dead_writer_at_once),
        TEST(the_next_writer_removes_dead_readers_at_once),
        TEST(a_live_reader_beside_a_dead_one_keeps_its_hold),
        TEST(who_inherits_a_dead_holder_s_seat_passes_the_turn_on),
        TEST(a_seat_whose_owner_died_idle_is_buried_without_a_trace),
        TEST(who_inherits_a_dead_waiter_s_seat_takes_it_out_of_the_queue),
        TEST(who_sits_down_as_the_owner_dies_gets_a_seat_in_order),
        TEST(a_dead_waiter_is_passed_over),
        TEST(a_dead_waiter_alone_in_the_queue_is_dropped_by_who_unlocks),
        TEST(a_reader_behind_a_dead_writer_joins_the_readers_at_once),
        TEST(sleepers_notice_a_death_well_before_their_deadlines),
        TEST(the_head_of_the_queue_takes_the_short_naps),
        TEST(a_sleeper_that_times_out_looks_for_the_dead_first),
        TEST(a_death_in_the_bookkeeping_is_rebuilt_from_the_seats),
        TEST(a_rebuilt_queue_is_in_the_order_of_the_tickets),
        TEST(a_rebuilt_queue_of_one_who_is_dead_is_empty),
        TEST(a_rebuilt_lock_has_no_seat_of_another_place),
        TEST(a_ticket_of_the_dead_is_not_given_twice),
        TEST(the_dead_in_the_bookkeeping_gives_up_its_hold),
        TEST(who_was_admitted_by_the_dead_is_told),
        TEST(a_sleeper_that_gets_a_dead_one_s_guard_rebuilds),
        TEST(a_dead_owner_s_seat_is_taken_again),
        TEST(who_sits_down_removes_the_dead_when_they_have_all_seats),
        TEST(who_sits_down_takes_a_free_seat_and_leaves_the_dead_alone),
        TEST(recover_removes_the_dead_from_the_middle_of_the_queue),
        TEST(recover_tells_who_was_admitted_and_not_told),
        TEST(who_finds_the_guard_taken_naps_where_processes_share_it),
        TEST(a_release_wakes_the_next_one_when_the_guard_is_free),
        TEST(a_crowd_with_short_deadlines_breaks_no_invariant),
    };
    return cmocka_run_group_tests_name("rwlock", tests, NULL, NULL);
}
