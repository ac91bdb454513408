/* stress/switches: what the kernel counts, thread by thread. */

#include "cmocka_all.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "switches.h"

#define SWITCHES 50
#define WAIT_MS 1
#define WAITS_MAX 10000

/*
 * A thread that waits until it was switched so often, as it sees itself (not
 * every wait is a switch, on a machine that was held up), and stays until it
 * is told to go.
 */
struct waiter {
    pthread_t thread;
    pthread_barrier_t begin;
    pthread_barrier_t done;
    pthread_barrier_t leave;
    uint64_t switches; /* while it waited */
};

static uint64_t
counted(int of_what)
{
    struct rusage usage;
    if (getrusage(of_what, &usage) != 0) {
        return 0;
    }
    return (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
}

static void *
wait_often(void *argument)
{
    struct waiter *waiter = argument;
    (void)pthread_barrier_wait(&waiter->begin);
    uint64_t before = counted(RUSAGE_THREAD);
    for (int i = 0; i < WAITS_MAX && waiter->switches < SWITCHES; i++) {
        (void)poll(NULL, 0, WAIT_MS);
        waiter->switches = counted(RUSAGE_THREAD) - before;
    }
    (void)pthread_barrier_wait(&waiter->done);
    (void)pthread_barrier_wait(&waiter->leave);
    return NULL;
}

static void
start(struct waiter *waiter)
{
    waiter->switches = 0;
    assert_int_equal(pthread_barrier_init(&waiter->begin, NULL, 2), 0);
    assert_int_equal(pthread_barrier_init(&waiter->done, NULL, 2), 0);
    assert_int_equal(pthread_barrier_init(&waiter->leave, NULL, 2), 0);
    assert_int_equal(pthread_create(&waiter->thread, NULL, wait_often, waiter),
                     0);
}

static void
let_wait(struct waiter *waiter)
{
    (void)pthread_barrier_wait(&waiter->begin);
    (void)pthread_barrier_wait(&waiter->done);
    assert_true(waiter->switches >= SWITCHES);
}

static void
end(struct waiter *waiter)
{
    (void)pthread_barrier_wait(&waiter->leave);
    assert_int_equal(pthread_join(waiter->thread, NULL), 0);
    (void)pthread_barrier_destroy(&waiter->begin);
    (void)pthread_barrier_destroy(&waiter->done);
    (void)pthread_barrier_destroy(&waiter->leave);
}

/* The sum that the kernel keeps for the whole process, ended threads too. */
static uint64_t
of_process(void)
{
    return counted(RUSAGE_SELF);
}

static void
take(struct switches *s)
{
    assert_int_equal(switches_take(s, getpid()), 0);
    assert_true(s->length >= 1);
}

static void
all_threads_count_and_no_more_than_the_kernel_says(void **state)
{
    struct waiter waiters[2];
    struct switches then = {0};
    struct switches now = {0};
    (void)state;
    start(&waiters[0]);
    start(&waiters[1]);
    uint64_t before_then = of_process();
    take(&then);
    uint64_t after_then = of_process();
    let_wait(&waiters[0]);
    let_wait(&waiters[1]);
    uint64_t before_now = of_process();
    take(&now);
    uint64_t after_now = of_process();
    uint64_t between = switches_between(&then, &now);
    assert_true(between >= 2 * SWITCHES);
    assert_true(between >= before_now - after_then);
    assert_true(between <= after_now - before_then);
    end(&waiters[0]);
    end(&waiters[1]);
    switches_fini(&then);
    switches_fini(&now);
}

static void
a_thread_that_began_meanwhile_counts_from_its_beginning(void **state)
{
    struct waiter waiter;
    struct switches then = {0};
    struct switches now = {0};
    (void)state;
    take(&then);
    start(&waiter);
    let_wait(&waiter);
    take(&now);
    assert_true(switches_between(&then, &now) >= SWITCHES);
    end(&waiter);
    switches_fini(&then);
    switches_fini(&now);
}

static void
a_thread_that_has_ended_takes_nothing_from_the_others(void **state)
{
    struct waiter waiter;
    struct switches then = {0};
    struct switches now = {0};
    (void)state;
    start(&waiter);
    let_wait(&waiter);
    uint64_t before_then = of_process();
    take(&then);
    end(&waiter);
    take(&now);
    assert_true(switches_between(&then, &now) <= of_process() - before_then);
    switches_fini(&then);
    switches_fini(&now);
}

static void
threads_are_matched_by_their_numbers(void **state)
{
    struct switches_thread old[] = {{1, 10}, {3, 30}, {4, 40}};
    struct switches_thread new[] = {{1, 11}, {2, 5}, {4, 43}};
    const struct switches then = {.length = 3, .threads = old};
    const struct switches now = {.length = 3, .threads = new};
    (void)state;
    assert_int_equal(switches_between(&then, &now), 1 + 5 + 3);
    /* Another thread has got the number 4: it counts whole. */
    new[2].switches = 39;
    assert_int_equal(switches_between(&then, &now), 1 + 5 + 39);
}

static void
a_process_that_is_not_there_is_told(void **state)
{
    struct switches s = {0};
    (void)state;
    assert_int_equal(switches_take(&s, INT_MAX), ENOENT);
    switches_fini(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_count_and_no_more_than_the_kernel_says),
        cmocka_unit_test(
            a_thread_that_began_meanwhile_counts_from_its_beginning),
        cmocka_unit_test(a_thread_that_has_ended_takes_nothing_from_the_others),
        cmocka_unit_test(threads_are_matched_by_their_numbers),
        cmocka_unit_test(a_process_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
