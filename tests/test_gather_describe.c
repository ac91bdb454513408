/* What became of a child, in words. */

#include "gather.h"

#include <errno.h>
#include <signal.h>

#include "cmocka_all.h"

static void
every_end_has_its_words(void **state)
{
    static const struct {
        struct gather_result result;
        const char *text;
    } rows[] = {
        {{.outcome = GATHER_COMPLETE, .length_bytes = 5}, "5 bytes"},
        {{.outcome = GATHER_EXITED, .number = 3}, "exited 3"},
        {{.outcome = GATHER_EXITED, .number = 3, .length_bytes = 9},
         "exited 3, after 9 bytes"},
        {{.outcome = GATHER_KILLED, .number = SIGKILL},
         "killed by signal 9 (Killed)"},
        {{.outcome = GATHER_FAILED, .number = 77},
         "declared a fatal error, number 77"},
        {{.outcome = GATHER_RUNNING}, "not served yet"},
        {{.outcome = GATHER_TOO_LARGE},
         "sent more than it announced, or than is taken"},
        {{.outcome = GATHER_NO_MEMORY}, "sent more than there is memory for"},
        {{.outcome = GATHER_STOPPED}, "stopped before it was done"},
        {{.outcome = GATHER_ABSENT}, "never connected"},
        {{.outcome = GATHER_CUT_OFF, .length_bytes = 9},
         "cut off in mid-result, after 9 bytes"},
        {{.outcome = GATHER_TOO_SLOW}, "too slow"},
        {{.outcome = GATHER_NOT_STARTED, .number = EAGAIN},
         "not started: Resource temporarily unavailable"},
        {{.outcome = GATHER_NOT_STARTED}, "not started"},
    };
    char text[GATHER_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(gather_describe(&rows[i].result, text),
                            rows[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end_has_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
