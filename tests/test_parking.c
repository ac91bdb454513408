#include "parking.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "actor.h"
#include "cmocka_all.h"
#include "fake_calls.h"
#include "guard.h"

struct place {
    union parking parking;
    enum parking_kind kind;
    pthread_mutex_t guard;
    bool asleep; /* under guard */
    bool woken;  /* under guard */
};

static int
sleep_until_woken(void *argument)
{
    struct place *place = argument;
    int error = 0;
    assert(!guard_lock(&place->guard));
    place->asleep = true;
    errno = ETIMEDOUT; /* of an older call: it says nothing about this one */
    while (error == 0 && !place->woken) {
        error = parking_wait(&place->parking, place->kind, &place->guard, NULL,
                             NULL);
    }
    guard_unlock(&place->guard);
    return error;
}

/* Under the guard, `asleep` means that the sleeper has let go of it. */
static void
await_asleep(struct place *place)
{
    struct timespec deadline = actor_deadline_ms(1000L * ACTOR_PATIENCE_S);
    bool asleep = false;
    while (!asleep) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        assert_true(now.tv_sec <= deadline.tv_sec);
        assert_false(guard_lock(&place->guard));
        asleep = place->asleep;
        guard_unlock(&place->guard);
    }
}

static void
a_sleeper_is_woken(void **state)
{
    struct place place = {.kind = *(const enum parking_kind *)*state};
    struct actor actor;
    assert_int_equal(parking_init(&place.parking, place.kind), 0);
    assert_int_equal(guard_init(&place.guard), 0);
    actor_init(&actor);
    actor_start(&actor, sleep_until_woken, &place);
    await_asleep(&place);
    assert_false(guard_lock(&place.guard));
    place.woken = true;
    parking_wake(&place.parking, place.kind);
    guard_unlock(&place.guard);
    assert_int_equal(actor_finish(&actor), 0);
    actor_fini(&actor);
    guard_fini(&place.guard);
    parking_fini(&place.parking, place.kind);
}

static void
a_deadline_ends_the_sleep_with_the_guard_held(void **state)
{
    struct place place = {.kind = *(const enum parking_kind *)*state};
    assert_int_equal(parking_init(&place.parking, place.kind), 0);
    assert_int_equal(guard_init(&place.guard), 0);
    struct timespec soon = actor_deadline_ms(10);
    int error = 0;
    assert_false(guard_lock(&place.guard));
    while (error == 0) {
        error =
            parking_wait(&place.parking, place.kind, &place.guard, &soon, NULL);
    }
    assert_int_equal(error, ETIMEDOUT);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_true(now.tv_sec > soon.tv_sec || now.tv_nsec >= soon.tv_nsec);
    guard_unlock(&place.guard);
    guard_fini(&place.guard);
    parking_fini(&place.parking, place.kind);
}

#define SPURIOUS_MAX 100

/* Wake-ups that came while nobody slept keep nobody awake. */
static void
who_was_woken_before_sleeps_all_the_same(void **state)
{
    struct place place = {.kind = *(const enum parking_kind *)*state};
    assert_int_equal(parking_init(&place.parking, place.kind), 0);
    assert_int_equal(guard_init(&place.guard), 0);
    struct timespec soon = actor_deadline_ms(50);
    int error = 0;
    int sleeps = 0;
    assert_false(guard_lock(&place.guard));
    for (int i = 0; i < 3; i++) {
        parking_wake(&place.parking, place.kind);
    }
    while (error == 0 && sleeps < SPURIOUS_MAX) {
        error =
            parking_wait(&place.parking, place.kind, &place.guard, &soon, NULL);
        sleeps++;
    }
    assert_int_equal(error, ETIMEDOUT);
    guard_unlock(&place.guard);
    guard_fini(&place.guard);
    parking_fini(&place.parking, place.kind);
}

/* An interrupted sleep is a spurious wake-up, and no deadline has passed. */
static void
an_interrupted_sleep_ends_early(void **state)
{
    struct place place = {.kind = PARKING_FUTEX};
    struct timespec far = actor_deadline_ms(1000L * ACTOR_PATIENCE_S);

    (void)state;
    assert_int_equal(parking_init(&place.parking, place.kind), 0);
    assert_int_equal(guard_init(&place.guard), 0);
    assert_false(guard_lock(&place.guard));
    fake_calls_fail("syscall", 1, EINTR);
    assert_int_equal(
        parking_wait(&place.parking, place.kind, &place.guard, &far, NULL), 0);
    assert_non_null(fake_calls_failed());
    guard_unlock(&place.guard);
    guard_fini(&place.guard);
    parking_fini(&place.parking, place.kind);
}

static int
die_with_the_guard(void *argument)
{
    struct place *place = argument;
    bool died = guard_lock(&place->guard);
    place->woken = true;
    parking_wake(&place->parking, place->kind);
    return died ? 1 : 0;
}

static void
a_sleeper_learns_that_the_guard_s_owner_died(void **state)
{
    struct place place = {.kind = *(const enum parking_kind *)*state};
    struct actor sleeper;
    struct actor dying;
    assert_int_equal(parking_init(&place.parking, place.kind), 0);
    assert_int_equal(guard_init(&place.guard), 0);
    actor_init(&sleeper);
    actor_init(&dying);
    actor_start(&sleeper, sleep_until_woken, &place);
    await_asleep(&place);
    assert_int_equal(actor_do(&dying, die_with_the_guard, &place), 0);
    actor_fini(&dying);
    assert_int_equal(actor_finish(&sleeper), EOWNERDEAD);
    actor_fini(&sleeper);
    guard_fini(&place.guard);
    parking_fini(&place.parking, place.kind);
}

static enum parking_kind kinds[] = {PARKING_CONDITION, PARKING_FUTEX};

#define TEST(name)                                            \
    {#name "_with_a_condition", name, NULL, NULL, &kinds[0]}, \
    {                                                         \
#name "_with_a_futex", name, NULL, NULL, &kinds[1]    \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sleeper_is_woken),
        TEST(a_deadline_ends_the_sleep_with_the_guard_held),
        TEST(who_was_woken_before_sleeps_all_the_same),
        cmocka_unit_test(an_interrupted_sleep_ends_early),
        TEST(a_sleeper_learns_that_the_guard_s_owner_died),
    };
    return cmocka_run_group_tests_name("parking", tests, NULL, NULL);
}
