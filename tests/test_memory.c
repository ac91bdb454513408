/* What the machine has, and how it is told. */

#include <errno.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "memory.h"

static void
there_is_some(void **state)
{
    (void)state;
    assert_true(memory_available() > (UINT64_C(1) << 20));
    assert_true(memory_shared_available("/dev/shm") > 0);
    assert_true(memory_shared_available("/nonexistent") == UINT64_MAX);
    fake_calls_fail("fopen", 1, ENOENT);
    assert_true(memory_available() == UINT64_MAX);
    assert_non_null(fake_calls_failed());
}

static void
amounts_are_told_in_their_unit(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0 bytes"},
        {1023, "1023 bytes"},
        {1024, "1.0 kB"},
        {UINT64_C(3) << 19, "1.5 MB"},
        {UINT64_C(1) << 61, "2.0 EB"},
        {UINT64_MAX, "16.0 EB"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[MEMORY_TEXT_MAX];
        memory_describe(rows[i].bytes, text);
        assert_string_equal(text, rows[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_some),
        cmocka_unit_test(amounts_are_told_in_their_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
