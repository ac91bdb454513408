#include "resp_strings.h"

#include <errno.h>
#include <string.h>

#include "cmocka_all.h"
#include "resp_scene.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OK "+OK\r\n"
#define NIL "$-1\r\n"
#define HELLO "$5\r\nhello\r\n"
#define SYNTAX "-ERR syntax error\r\n"
#define NO_INTEGER "-ERR value is not an integer or out of range\r\n"
#define TOO_LARGE                                                       \
    "-ERR string exceeds maximum allowed size (proto-max-bulk-len): a " \
    "mailbox holds 100 bytes\r\n"
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

/*
 * Before each row mailbox 3 holds "hello", version 1; mailbox 1 was emptied,
 * version 2; the others were never written.
 */
struct row {
    const char *sent;
    const char *said;
    int mailbox; /* which has then */
    uint64_t version;
    const char *content;
};

/* clang-format off */
static const struct row rows[] = {
    {"GET 3\r\n", HELLO, 3, 1, "hello"},
    {"get mailbox:003\r\n", HELLO, 3, 1, "hello"},
    {"GET 1\r\n", NIL, 1, 2, ""},
    {"GET 2\r\n", NIL, 2, 0, ""},
    {"GET 4\r\n",
     "-ERR no such mailbox: 4 is not one of 0 to 3\r\n", 3, 1, "hello"},
    {"GET foo\r\n",
     "-ERR no such mailbox: key 'foo' does not end in a number from 0 to 3, "
     "as 3 or mailbox:3 does\r\n", 3, 1, "hello"},
    {"GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n",
     3, 1, "hello"},
    {"GET 3 3\r\n", "-ERR wrong number of arguments for 'get' command\r\n",
     3, 1, "hello"},
    {"STRLEN 3\r\n", ":5\r\n", 3, 1, "hello"},
    {"STRLEN 1\r\n", ":0\r\n", 1, 2, ""},
    {"EXISTS 3\r\n", ":1\r\n", 3, 1, "hello"},
    {"EXISTS 1\r\n", ":0\r\n", 1, 2, ""},
    {"EXISTS 3 1 2 3 a:3\r\n", ":3\r\n", 3, 1, "hello"},
    {"EXISTS 3 9\r\n",
     "-ERR no such mailbox: 9 is not one of 0 to 3\r\n", 3, 1, "hello"},
    {"TYPE 3\r\n", "+string\r\n", 3, 1, "hello"},
    {"TYPE 1\r\n", "+none\r\n", 1, 2, ""},
    {"MGET 3 1 3\r\n", "*3\r\n" HELLO NIL HELLO, 3, 1, "hello"},
    {"MGET 3 x\r\n",
     "-ERR no such mailbox: key 'x' does not end in a number from 0 to 3, "
     "as 3 or mailbox:3 does\r\n", 3, 1, "hello"},

    {"GETRANGE 3 0 -1\r\n", HELLO, 3, 1, "hello"},
    {"GETRANGE 3 1 3\r\n", "$3\r\nell\r\n", 3, 1, "hello"},
    {"GETRANGE 3 -3 -2\r\n", "$2\r\nll\r\n", 3, 1, "hello"},
    {"GETRANGE 3 -100 100\r\n", HELLO, 3, 1, "hello"},
    {"GETRANGE 3 3 1\r\n", "$0\r\n\r\n", 3, 1, "hello"},
    {"GETRANGE 3 -1 -3\r\n", "$0\r\n\r\n", 3, 1, "hello"},
    {"GETRANGE 3 -1 -30\r\n", "$0\r\n\r\n", 3, 1, "hello"},
    {"GETRANGE 3 0 -30\r\n", "$1\r\nh\r\n", 3, 1, "hello"},
    {"GETRANGE 3 5 9\r\n", "$0\r\n\r\n", 3, 1, "hello"},
    {"GETRANGE 2 0 -1\r\n", "$0\r\n\r\n", 2, 0, ""},
    {"GETRANGE 3 -9223372036854775808 9223372036854775807\r\n", HELLO,
     3, 1, "hello"},
    {"GETRANGE 3 x 1\r\n", NO_INTEGER, 3, 1, "hello"},
    {"GETRANGE 3 0 +1\r\n", NO_INTEGER, 3, 1, "hello"},

    {"SET 3 world\r\n", OK, 3, 2, "world"},
    {"SET 2 x\r\n", OK, 2, 1, "x"},
    {"SET 3 \"\"\r\n", OK, 3, 2, ""},
    {"SET 3 x NX\r\n", NIL, 3, 1, "hello"},
    {"SET 1 x nx\r\n", OK, 1, 3, "x"},
    {"SET 3 x XX\r\n", OK, 3, 2, "x"},
    {"SET 1 x XX\r\n", NIL, 1, 2, ""},
    {"SET 3 x GET\r\n", HELLO, 3, 2, "x"},
    {"SET 2 x GET\r\n", NIL, 2, 1, "x"},
    {"SET 3 x NX GET\r\n", HELLO, 3, 1, "hello"},
    {"SET 3 x KEEPTTL\r\n", OK, 3, 2, "x"},
    {"SET 3 x IFEQ hello\r\n", OK, 3, 2, "x"},
    {"SET 3 x IFEQ hell\r\n", NIL, 3, 1, "hello"},
    {"SET 1 x IFEQ \"\"\r\n", NIL, 1, 2, ""},
    {"SET 3 x GET IFEQ hellO\r\n", HELLO, 3, 1, "hello"},
    {"SET 3 x NX XX\r\n", SYNTAX, 3, 1, "hello"},
    {"SET 3 x NX IFEQ y\r\n", SYNTAX, 3, 1, "hello"},
    {"SET 3 x IFEQ\r\n", SYNTAX, 3, 1, "hello"},
    {"SET 3 x what\r\n", SYNTAX, 3, 1, "hello"},
    {"SET 3 x EX 10\r\n",
     "-ERR EX is not supported: the content of a mailbox does not expire\r\n",
     3, 1, "hello"},
    {"SET 3 x pxat 10\r\n",
     "-ERR pxat is not supported: the content of a mailbox does not "
     "expire\r\n", 3, 1, "hello"},
    {"SET 3 " FIFTY FIFTY "\r\n", OK, 3, 2, FIFTY FIFTY},
    {"SET 3 " FIFTY FIFTY "x\r\n", TOO_LARGE, 3, 1, "hello"},
    {"SET 3 " FIFTY FIFTY "x GET\r\n", TOO_LARGE, 3, 1, "hello"},
    {"SET 3 " FIFTY FIFTY "x NX\r\n", TOO_LARGE, 3, 1, "hello"},
    {"SETIFMATCH 3 " FIFTY FIFTY "x 7\r\n", TOO_LARGE, 3, 1, "hello"},

    {"GETSET 3 x\r\n", HELLO, 3, 2, "x"},
    {"GETSET 1 x\r\n", NIL, 1, 3, "x"},
    {"GETSET 3 " FIFTY FIFTY "x\r\n", TOO_LARGE, 3, 1, "hello"},
    {"GETDEL 3\r\n", HELLO, 3, 2, ""},
    {"GETDEL 1\r\n", NIL, 1, 2, ""},
    {"DEL 3\r\n", ":1\r\n", 3, 2, ""},
    {"DEL 1\r\n", ":0\r\n", 1, 2, ""},
    {"DEL 3 key:3\r\n", ":1\r\n", 3, 2, ""},
    {"DEL 3 2\r\n",
     "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
     3, 1, "hello"},

    {"APPEND 3 \" world\"\r\n", ":11\r\n", 3, 2, "hello world"},
    {"APPEND 2 x\r\n", ":1\r\n", 2, 1, "x"},
    {"APPEND 3 \"\"\r\n", ":5\r\n", 3, 2, "hello"},
    {"APPEND 3 " FIFTY FIFTY "\r\n", TOO_LARGE, 3, 1, "hello"},
    {"SETRANGE 3 1 EA\r\n", ":5\r\n", 3, 2, "hEAlo"},
    {"SETRANGE 3 4 xyz\r\n", ":7\r\n", 3, 2, "hellxyz"},
    {"SETRANGE 3 1 \"\"\r\n", ":5\r\n", 3, 1, "hello"},
    {"SETRANGE 2 0 x\r\n", ":1\r\n", 2, 1, "x"},
    {"SETRANGE 3 -1 x\r\n", "-ERR offset is out of range\r\n", 3, 1, "hello"},
    {"SETRANGE 3 x x\r\n", NO_INTEGER, 3, 1, "hello"},
    {"SETRANGE 3 99 ab\r\n", TOO_LARGE, 3, 1, "hello"},
    {"SETRANGE 3 9223372036854775807 a\r\n", TOO_LARGE, 3, 1, "hello"},

    {"MSET 3 x\r\n", OK, 3, 2, "x"},
    {"MSET 3 x a:3 y 003 z\r\n", OK, 3, 2, "z"},
    {"MSET 3 x 2 y\r\n",
     "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
     3, 1, "hello"},
    {"MSET 3 " FIFTY FIFTY "x 3 y\r\n", TOO_LARGE, 3, 1, "hello"},
    {"MSET 3 x 2\r\n", "-ERR wrong number of arguments for 'mset' command\r\n",
     3, 1, "hello"},

    {"GETWITHETAG 3\r\n", "*2\r\n:1\r\n" HELLO, 3, 1, "hello"},
    {"GETWITHETAG 1\r\n", "*2\r\n:2\r\n" NIL, 1, 2, ""},
    {"GETWITHETAG 2\r\n", NIL, 2, 0, ""},
    {"GETIFNOTMATCH 3 0\r\n", "*2\r\n:1\r\n" HELLO, 3, 1, "hello"},
    {"GETIFNOTMATCH 3 1\r\n", "*2\r\n:1\r\n" NIL, 3, 1, "hello"},
    {"GETIFNOTMATCH 1 1\r\n", "*2\r\n:2\r\n$0\r\n\r\n", 1, 2, ""},
    {"GETIFNOTMATCH 2 1\r\n", NIL, 2, 0, ""},
    {"GETIFNOTMATCH 2 0\r\n", "*2\r\n:0\r\n" NIL, 2, 0, ""},
    {"GETIFNOTMATCH 3 x\r\n", NO_INTEGER, 3, 1, "hello"},
    {"GETIFNOTMATCH 3 -1\r\n", NO_INTEGER, 3, 1, "hello"},
    {"SETWITHETAG 3 x\r\n", ":2\r\n", 3, 2, "x"},
    {"SETWITHETAG 3 " FIFTY FIFTY "x\r\n", TOO_LARGE, 3, 1, "hello"},
    {"SETIFMATCH 3 x 1\r\n", "*2\r\n:2\r\n" NIL, 3, 2, "x"},
    {"SETIFMATCH 2 x 0\r\n", "*2\r\n:1\r\n" NIL, 2, 1, "x"},
    {"SETIFMATCH 3 x 7\r\n", "*2\r\n:1\r\n" HELLO, 3, 1, "hello"},
    {"SETIFMATCH 3 x 7 NOGET\r\n", "*2\r\n:1\r\n$0\r\n\r\n", 3, 1, "hello"},
    {"SETIFMATCH 1 x 1\r\n", "*2\r\n:2\r\n$0\r\n\r\n", 1, 2, ""},
    {"SETIFMATCH 3 x y\r\n", NO_INTEGER, 3, 1, "hello"},
    {"SETIFMATCH 3 x 1 EX 5\r\n",
     "-ERR EX is not supported: the content of a mailbox does not expire\r\n",
     3, 1, "hello"},
    {"SETIFMATCH 3 x 1 what\r\n", SYNTAX, 3, 1, "hello"},
    {"SETIFMATCH 3 " FIFTY FIFTY "x 1\r\n", TOO_LARGE, 3, 1, "hello"},
};
/* clang-format on */

static void
open_row(struct resp_scene *scene)
{
    resp_scene_open(scene, RESP_SCENE_MAILBOX);
    fake_store_put(&scene->fake, 3, "hello");
    fake_store_put(&scene->fake, 1, "x");
    fake_store_put(&scene->fake, 1, "");
}

static void
every_command_answers_as_redis_or_garnet_would(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct resp_scene scene;

        open_row(&scene);
        ASK(&scene, rows[i].sent, rows[i].said);
        resp_scene_check(&scene, rows[i].mailbox, rows[i].version,
                         rows[i].content);
        ASK(&scene, "ping\r\n", "+PONG\r\n");
        resp_scene_close(&scene);
    }
}

/* A store may show a content, and then a newer one, before it writes. */
static void
a_command_that_is_asked_twice_answers_once(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct resp_scene scene;

        open_row(&scene);
        scene.fake.asks_again = true;
        ASK(&scene, rows[i].sent, rows[i].said);
        resp_scene_check(&scene, rows[i].mailbox, rows[i].version,
                         rows[i].content);
        resp_scene_close(&scene);
    }
}

static void
nulls_have_the_form_of_the_protocols_version(void **state)
{
    struct resp_scene *scene = *state;

    resp_scene_send(scene, "HELLO 3\r\n", 9);
    scene->said_bytes = 0;
    ASK(scene, "GET 2\r\n", "_\r\n");
    ASK(scene, "SET 2 x XX\r\n", "_\r\n");
    ASK(scene, "MGET 2\r\n", "*1\r\n_\r\n");
    ASK(scene, "SETIFMATCH 2 x 0\r\n", "*2\r\n:1\r\n_\r\n");
}

static void
operations_are_counted_as_they_end(void **state)
{
    struct resp_scene *scene = *state;

    resp_scene_send(scene, "SET 3 a\r\n", 9);
    resp_scene_send(scene, "GET 3\r\nMGET 3 2\r\nEXISTS 3 2\r\n", 29);
    resp_scene_send(scene, "SET 3 a NX\r\n", 12);
    resp_scene_send(scene, "SETIFMATCH 3 b 7\r\n", 18);
    resp_scene_send(scene, "GET 9\r\nGET\r\nWHAT\r\n", 18);
    assert_int_equal(scene->statistics.writes, 1);
    assert_int_equal(scene->statistics.reads, 7);
    assert_int_equal(scene->statistics.conflicts, 1);
    assert_int_equal(scene->statistics.bad_requests, 3);
    assert_int_equal(scene->statistics.requests, 9);
}

static void
what_the_store_cannot_do_is_told_and_changes_nothing(void **state)
{
    static const struct {
        int error;
        const char *said;
        bool closes;
    } faults[] = {
        {EBUSY, "-BUSY mailbox 3 was locked for too long: try again\r\n",
         false},
        {ECANCELED, "-ERR shutting down: the server is ending\r\n", true},
        {EIO, "-ERR internal: a fault in the server; its log tells more\r\n",
         true},
        {EINPROGRESS,
         "-ERR internal: the outcome is unknown: read before you try "
         "again\r\n",
         true},
    };
    static const char *const sent[] = {"SET 3 x\r\n", "GET 3\r\n",
                                       "EXISTS 3\r\n", "SET 3 x GET\r\n"};
    size_t i;
    size_t j;

    (void)state;
    for (i = 0; i < COUNT(faults); i++) {
        for (j = 0; j < COUNT(sent); j++) {
            struct resp_scene scene;

            open_row(&scene);
            scene.fake.read_error = faults[i].error;
            scene.fake.write_error = faults[i].error;
            ASK(&scene, sent[j], faults[i].said);
            assert_int_equal(scene.next == SESSION_CLOSE, faults[i].closes);
            assert_int_equal(scene.statistics.lock_timeouts, i == 0);
            assert_int_equal(session_fault(scene.session),
                             i < 2 ? 0 : faults[i].error);
            resp_scene_check(&scene, 3, 1, "hello");
            resp_scene_close(&scene);
        }
    }
}

/* Each value of an MGET is told by itself, or why not. */
static void
a_value_of_an_mget_that_is_not_to_be_had_is_an_error_in_its_place(void **state)
{
    struct resp_scene *scene = *state;

    scene->fake.read_error = EBUSY;
    ASK(scene, "MGET 3 1\r\n",
        "*2\r\n-BUSY mailbox 3 was locked for too long: try again\r\n"
        "-BUSY mailbox 1 was locked for too long: try again\r\n");
    scene->fake.read_error = ECANCELED;
    ASK(scene, "MGET 3 1\r\n",
        "*2\r\n-ERR shutting down: the server is ending\r\n");
    CLOSED(scene);
}

#define TEST(name)                                           \
    cmocka_unit_test_setup_teardown(name, resp_scene_set_up, \
                                    resp_scene_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_answers_as_redis_or_garnet_would),
        cmocka_unit_test(a_command_that_is_asked_twice_answers_once),
        TEST(nulls_have_the_form_of_the_protocols_version),
        TEST(operations_are_counted_as_they_end),
        cmocka_unit_test(what_the_store_cannot_do_is_told_and_changes_nothing),
        TEST(a_value_of_an_mget_that_is_not_to_be_had_is_an_error_in_its_place),
    };

    return cmocka_run_group_tests_name("resp_strings", tests, NULL, NULL);
}
