#include "parking.h"

#include <errno.h>
#include <stdbool.h>

#include "actor.h"
#include "cmocka_all.h"
#include "guard.h"

struct place {
    struct parking parking;
    pthread_mutex_t guard;
    bool asleep; /* under guard */
    bool woken;  /* under guard */
};

static int
sleep_until_woken(void *argument)
{
    struct place *place = argument;
    int error = 0;
    guard_lock(&place->guard);
    place->asleep = true;
    while (!place->woken && error == 0) {
        error = parking_wait(&place->parking, &place->guard, NULL);
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
        guard_lock(&place->guard);
        asleep = place->asleep;
        guard_unlock(&place->guard);
    }
}

static void
a_sleeper_is_woken(void **state)
{
    struct place place = {.woken = false};
    struct actor actor;
    (void)state;
    assert_int_equal(parking_init(&place.parking), 0);
    assert_int_equal(guard_init(&place.guard), 0);
    actor_init(&actor);
    actor_start(&actor, sleep_until_woken, &place);
    await_asleep(&place);
    guard_lock(&place.guard);
    place.woken = true;
    parking_wake(&place.parking);
    guard_unlock(&place.guard);
    assert_int_equal(actor_finish(&actor), 0);
    actor_fini(&actor);
    guard_fini(&place.guard);
    parking_fini(&place.parking);
}

static void
a_deadline_ends_the_sleep_with_the_guard_held(void **state)
{
    struct place place = {.woken = false};
    (void)state;
    assert_int_equal(parking_init(&place.parking), 0);
    assert_int_equal(guard_init(&place.guard), 0);
    struct timespec soon = actor_deadline_ms(10);
    int error = 0;
    guard_lock(&place.guard);
    while (error == 0) {
        error = parking_wait(&place.parking, &place.guard, &soon);
    }
    assert_int_equal(error, ETIMEDOUT);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_true(now.tv_sec > soon.tv_sec || now.tv_nsec >= soon.tv_nsec);
    guard_unlock(&place.guard);
    guard_fini(&place.guard);
    parking_fini(&place.parking);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sleeper_is_woken),
        cmocka_unit_test(a_deadline_ends_the_sleep_with_the_guard_held),
    };
    return cmocka_run_group_tests_name("parking", tests, NULL, NULL);
}
