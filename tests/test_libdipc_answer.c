/* Answer lines, as a table; and each of them cut short. */

#include <errno.h>
#include <string.h>

#include "cmocka_all.h"
#include "libdipc_answer.h"

#define NONE UINT64_MAX

static const struct {
    const char *line;
    int error;
    enum dipc_status status;
    size_t length;
    uint64_t version; /* NONE: not told */
    uint64_t size;    /* the same */
    const char *text; /* NULL: not looked at */
} rows[] = {
    {"ok 0", 0, DIPC_OK, 0, NONE, NONE, NULL},
    {"ok 5 version=1 size=5", 0, DIPC_OK, 5, 1, 5, NULL},
    {"ok 5 size=7 version=2", 0, DIPC_OK, 5, 2, 7, NULL},
    {"ok  5  version=1  size=5  ", 0, DIPC_OK, 5, 1, 5, NULL},
    {"ok 5 version=1 size=5\r", 0, DIPC_OK, 5, 1, 5, NULL},
    {"ok 05 version=01 size=05", 0, DIPC_OK, 5, 1, 5, NULL},
    {"ok 5 new=x version=1 flag size=5 =", 0, DIPC_OK, 5, 1, 5, NULL},
    {"ok 0 version=9223372036854775807 size=0", 0, DIPC_OK, 0, INT64_MAX, 0,
     NULL},
    {"ok 0 version=9223372036854775808", EPROTO, 0, 0, 0, 0, NULL},
    {"ok 9223372036854775808", EPROTO, 0, 0, 0, 0, NULL},
    {"ok 99999999999999999999", EPROTO, 0, 0, 0, 0, NULL},
    {"ok 5 version=", EPROTO, 0, 0, 0, 0, NULL},
    {"ok 5 version=x", EPROTO, 0, 0, 0, 0, NULL},
    {"ok 5 size=-1", EPROTO, 0, 0, 0, 0, NULL},
    {"ok 5 size=1.5", EPROTO, 0, 0, 0, 0, NULL},
    {"ok", EPROTO, 0, 0, 0, 0, NULL},
    {"ok ", EPROTO, 0, 0, 0, 0, NULL},
    {"ok x", EPROTO, 0, 0, 0, 0, NULL},
    {"ok -1", EPROTO, 0, 0, 0, 0, NULL},
    {"ok +1", EPROTO, 0, 0, 0, 0, NULL},
    {"ok 1x", EPROTO, 0, 0, 0, 0, NULL},
    {"ok version=1", EPROTO, 0, 0, 0, 0, NULL},
    {"OK 0", EPROTO, 0, 0, 0, 0, NULL},
    {"okay 0", EPROTO, 0, 0, 0, 0, NULL},
    {" ok 0", EPROTO, 0, 0, 0, 0, NULL},
    {"", EPROTO, 0, 0, 0, 0, NULL},
    {"\r", EPROTO, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 400 Bad Request", EPROTO, 0, 0, 0, 0, NULL},
    {"-ERR unknown command", EPROTO, 0, 0, 0, 0, NULL},
    {"err", EPROTO, 0, 0, 0, 0, NULL},
    {"err ", EPROTO, 0, 0, 0, 0, NULL},
    {"err : text", EPROTO, 0, 0, 0, 0, NULL},
    {"err busy", 0, DIPC_BUSY, 0, NONE, NONE, "busy"},
    {"err busy: a: b: c", 0, DIPC_BUSY, 0, NONE, NONE, "a: b: c"},
    {"err busy: ", 0, DIPC_BUSY, 0, NONE, NONE, "busy"},
    {"err busy: x\r", 0, DIPC_BUSY, 0, NONE, NONE, "x"},
    {"err conflict version=7: expected version 3", 0, DIPC_CONFLICT, 0, 7, NONE,
     "expected version 3"},
    {"err conflict version=7", 0, DIPC_CONFLICT, 0, 7, NONE, "conflict"},
    {"err conflict: nothing told", EPROTO, 0, 0, 0, 0, NULL},
    {"err conflict version=x", EPROTO, 0, 0, 0, 0, NULL},
    {"err timeout: x", 0, DIPC_NOTHING_NEWER, 0, NONE, NONE, "x"},
    {"err no-such-mailbox", 0, DIPC_NO_SUCH_MAILBOX, 0, NONE, NONE, NULL},
    {"err too-large", 0, DIPC_TOO_LARGE, 0, NONE, NONE, NULL},
    {"err bad-request", 0, DIPC_BAD_REQUEST, 0, NONE, NONE, NULL},
    {"err shutting-down", 0, DIPC_SHUTTING_DOWN, 0, NONE, NONE, NULL},
    {"err internal", 0, DIPC_INTERNAL, 0, NONE, NONE, NULL},
    {"err conflictual: x", 0, DIPC_OTHER_ERROR, 0, NONE, NONE, "x"},
    {"err out-of-tea since=4 version=2: x", 0, DIPC_OTHER_ERROR, 0, 2, NONE,
     "x"},
};

#define ROWS (sizeof rows / sizeof rows[0])

static void
lines_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct libdipc_answer answer;
        const char *line = rows[i].line;
        int error = libdipc_answer_decode(line, strlen(line), &answer);
        if (error != rows[i].error) {
            fail_msg("'%s'", line);
        }
        if (error) {
            continue;
        }
        assert_int_equal(answer.status, rows[i].status);
        assert_int_equal(answer.length, rows[i].length);
        assert_int_equal(answer.has_version, rows[i].version != NONE);
        assert_int_equal(answer.has_size, rows[i].size != NONE);
        assert_true(!answer.has_version || answer.version == rows[i].version);
        assert_true(!answer.has_size || answer.size == rows[i].size);
        assert_int_equal(answer.is_timeout,
                         rows[i].status == DIPC_NOTHING_NEWER);
        if (rows[i].text) {
            assert_int_equal(answer.text_length, strlen(rows[i].text));
            assert_memory_equal(answer.text, rows[i].text, answer.text_length);
        }
    }
}

/* Whatever is left of a line, nothing behind its end is looked at. */
static void
a_cut_line_is_read_up_to_its_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t cut = 0; cut <= strlen(rows[i].line); cut++) {
            struct libdipc_answer answer;
            struct libdipc_answer again;
            char *exact = test_malloc(cut + 1);
            memcpy(exact, rows[i].line, cut);
            exact[cut] = '7';
            int error = libdipc_answer_decode(exact, cut, &answer);
            exact[cut] = ' ';
            assert_int_equal(libdipc_answer_decode(exact, cut, &again), error);
            if (!error) {
                assert_memory_equal(&answer, &again, sizeof answer);
                assert_true(!answer.text ||
                            answer.text + answer.text_length <= exact + cut);
            }
            test_free(exact);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken_apart),
        cmocka_unit_test(a_cut_line_is_read_up_to_its_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
