#include "guard.h"

#include <errno.h>
#include <stdbool.h>

#include "actor.h"
#include "cmocka_all.h"

#define ROUNDS 20000

struct counter {
    pthread_mutex_t guard;
    int count; /* under guard */
};

static int
count_up(void *argument)
{
    struct counter *counter = argument;
    for (int i = 0; i < ROUNDS; i++) {
        if (guard_lock(&counter->guard)) {
            return 1;
        }
        counter->count++;
        guard_unlock(&counter->guard);
    }
    return 0;
}

static void
a_guard_excludes(void **state)
{
    struct counter counter = {.count = 0};
    struct actor actors[2];
    (void)state;
    assert_int_equal(guard_init(&counter.guard), 0);
    for (int i = 0; i < 2; i++) {
        actor_init(&actors[i]);
        actor_start(&actors[i], count_up, &counter);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(actor_finish(&actors[i]), 0);
        actor_fini(&actors[i]);
    }
    assert_int_equal(counter.count, 2 * ROUNDS);
    guard_fini(&counter.guard);
}

static int
lock_and_exit(void *argument)
{
    return guard_lock(argument) ? 1 : 0;
}

static void
a_death_inside_a_guard_is_told_once(void **state)
{
    pthread_mutex_t guard;
    struct actor actor;
    (void)state;
    assert_int_equal(guard_init(&guard), 0);
    actor_init(&actor);
    assert_int_equal(actor_do(&actor, lock_and_exit, &guard), 0);
    assert_int_equal(pthread_mutex_trylock(&guard), EBUSY);
    actor_fini(&actor);
    assert_true(guard_lock(&guard));
    guard_unlock(&guard);
    assert_false(guard_lock(&guard));
    guard_unlock(&guard);
    guard_fini(&guard);
}

static void
unlock_another_thread_s(void *argument)
{
    guard_unlock(argument);
}

static void
unlocking_a_guard_that_is_not_held_is_a_bug(void **state)
{
    pthread_mutex_t guard;
    (void)state;
    assert_int_equal(guard_init(&guard), 0);
    assert_true(actor_aborts(unlock_another_thread_s, &guard));
    guard_fini(&guard);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_excludes),
        cmocka_unit_test(a_death_inside_a_guard_is_told_once),
        cmocka_unit_test(unlocking_a_guard_that_is_not_held_is_a_bug),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
