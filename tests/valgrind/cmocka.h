#ifndef DIPC_VALGRIND_CMOCKA_H
#define DIPC_VALGRIND_CMOCKA_H

/*
 * <cmocka.h> for a run under Valgrind, in place of cmocka's.
 *
 * Idea.  Valgrind's log says which test it is in, and the tests that
 * DIPC_TESTS_EXCEPT names, in patterns of fnmatch with blanks between them, are
 * left out; ci/valgrind takes them from tests/valgrind/exceptions.
 *
 * Who may call.  The unit tests; VARIANT=valgrind finds this header first.
 */

#include <assert.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include_next <cmocka.h>
#include <valgrind/valgrind.h>

enum { VALGRIND_TESTS_MAX = 256, VALGRIND_PATTERN_MAX = 256 };

static struct {
    const struct CMUnitTest *tests[VALGRIND_TESTS_MAX];
    size_t begun; /* of them */
} valgrind_run;

/* Is the test named by one of the patterns? */
static inline bool
valgrind_leaves_out(const char *name)
{
    const char *patterns = getenv("DIPC_TESTS_EXCEPT");

    while (patterns != NULL && *patterns != '\0') {
        const size_t length = strcspn(patterns, " ");
        char pattern[VALGRIND_PATTERN_MAX] = "";

        assert(length < sizeof pattern);
        memcpy(pattern, patterns, length);
        if (fnmatch(pattern, name, 0) == 0) {
            VALGRIND_PRINTF("without %s: %s\n", pattern, name);
            return true;
        }
        patterns += length + strspn(patterns + length, " ");
    }
    return false;
}

static inline int
valgrind_set_up(void **state)
{
    const struct CMUnitTest *test = valgrind_run.tests[valgrind_run.begun++];

    VALGRIND_PRINTF("test %s\n", test->name);
    return test->setup_func == NULL ? 0 : test->setup_func(state);
}

static inline int
valgrind_run_group(const char *title, const struct CMUnitTest *tests,
                   size_t count, CMFixtureFunction setup,
                   CMFixtureFunction teardown)
{
    struct CMUnitTest kept[VALGRIND_TESTS_MAX];
    size_t kept_count = 0;

    assert(count <= VALGRIND_TESTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!valgrind_leaves_out(tests[i].name)) {
            valgrind_run.tests[kept_count] = &tests[i];
            kept[kept_count] = tests[i];
            kept[kept_count++].setup_func = valgrind_set_up;
        }
    }
    valgrind_run.begun = 0;
    return kept_count == 0 ? 0
                           : _cmocka_run_group_tests(title, kept, kept_count,
                                                     setup, teardown);
}

#undef cmocka_run_group_tests_name
#define cmocka_run_group_tests_name(title, tests, setup, teardown)       \
    valgrind_run_group(title, tests, sizeof(tests) / sizeof((tests)[0]), \
                       setup, teardown)
#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, setup, teardown) \
    cmocka_run_group_tests_name(#tests, tests, setup, teardown)

#endif
