/* How many processors there are, told in one way or the other. */

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "processors.h"

static void
those_of_the_affinity_count(void **state)
{
    cpu_set_t all;
    cpu_set_t one;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_int_equal(processors_count(), CPU_COUNT(&all));
    size_t first = 0;
    while (!CPU_ISSET(first, &all)) {
        first++;
    }
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(processors_count(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static void
where_they_do_not_fit_a_set_those_online_count(void **state)
{
    (void)state;
    fake_calls_fail("sched_getaffinity", 1, EINVAL);
    assert_int_equal(processors_count(), sysconf(_SC_NPROCESSORS_ONLN));
    assert_string_equal(fake_calls_failed(), "sched_getaffinity");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_the_affinity_count),
        cmocka_unit_test(where_they_do_not_fit_a_set_those_online_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
