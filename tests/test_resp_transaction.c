#include "resp_transaction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_heap.h"
#include "resp_scene.h"

#define OK "+OK\r\n"
#define QUEUED "+QUEUED\r\n"
#define NIL "$-1\r\n"
#define ABORTED \
    "-EXECABORT Transaction discarded because of previous errors.\r\n"
#define CROSSSLOT "-CROSSSLOT Keys in request don't hash to the same slot\r\n"

static void
what_is_queued_is_done_together(void **state)
{
    struct resp_scene *scene = *state;

    fake_store_put(&scene->fake, 3, "hello");
    ASK(scene, "MULTI\r\n", OK);
    ASK(scene, "SET 3 a\r\nAPPEND 3 b\r\nGET 3\r\n", QUEUED QUEUED QUEUED);
    resp_scene_check(scene, 3, 1, "hello");
    ASK(scene, "EXEC\r\n", "*3\r\n+OK\r\n:2\r\n$2\r\nab\r\n");
    resp_scene_check(scene, 3, 2, "ab");
    ASK(scene, "EXEC\r\n", "-ERR EXEC without MULTI\r\n");
}

static void
each_command_sees_what_those_before_it_did(void **state)
{
    struct resp_scene *scene = *state;

    fake_store_put(&scene->fake, 3, "hello");
    scene->fake.asks_again = true;
    ASK(scene,
        "MULTI\r\nGET 3\r\nSETRANGE 3 5 xy\r\nSTRLEN 3\r\nGETRANGE 3 5 6\r\n"
        "GETDEL 3\r\nEXISTS 3 3\r\nGET 3\r\nAPPEND 3 z\r\nMGET 3 3\r\n"
        "GETWITHETAG 3\r\nSET 3 q NX\r\nSETWITHETAG 3 w\r\nDEL 3\r\nDEL 3\r\n"
        "TYPE 3\r\nGETSET 3 end\r\nEXEC\r\n",
        OK QUEUED QUEUED QUEUED QUEUED QUEUED QUEUED QUEUED QUEUED QUEUED QUEUED
            QUEUED QUEUED QUEUED QUEUED QUEUED QUEUED
        "*16\r\n$5\r\nhello\r\n:7\r\n:7\r\n$2\r\nxy\r\n"
        "$7\r\nhelloxy\r\n:0\r\n" NIL ":1\r\n*2\r\n$1\r\nz\r\n$1\r\nz\r\n"
        "*2\r\n:2\r\n$1\r\nz\r\n" NIL ":2\r\n:1\r\n:0\r\n+none\r\n" NIL);
    resp_scene_check(scene, 3, 2, "end");
}

static void
a_transaction_that_only_reads_writes_nothing(void **state)
{
    struct resp_scene *scene = *state;

    fake_store_put(&scene->fake, 3, "hello");
    ASK(scene, "MULTI\r\nGET 3\r\nPING\r\nEXEC\r\n",
        OK QUEUED QUEUED "*2\r\n$5\r\nhello\r\n+PONG\r\n");
    resp_scene_check(scene, 3, 1, "hello");
    assert_int_equal(scene->statistics.writes, 0);
    assert_int_equal(scene->statistics.reads, 1);
}

static void
a_transaction_may_be_about_no_mailbox(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "MULTI\r\nEXEC\r\n", OK "*0\r\n");
    ASK(scene, "MULTI\r\nECHO a\r\nSELECT 0\r\nUNWATCH\r\nEXEC\r\n",
        OK QUEUED QUEUED QUEUED "*3\r\n$1\r\na\r\n+OK\r\n+OK\r\n");
}

static void
a_command_that_fails_in_exec_leaves_the_others(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "MULTI\r\nSET 3 a\r\nSETRANGE 3 x y\r\nGET 3\r\nEXEC\r\n",
        OK QUEUED QUEUED QUEUED
        "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n"
        "$1\r\na\r\n");
    resp_scene_check(scene, 3, 1, "a");
    ASK(scene, "MULTI\r\nEXEC\r\n", OK "*0\r\n");
}

static void
a_refused_command_spoils_the_transaction(void **state)
{
    static const struct {
        const char *sent;
        const char *said;
    } refused[] = {
        {"WHAT\r\n",
         "-ERR unknown command 'WHAT', with args beginning with: \r\n"},
        {"GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n"},
        {"GET 9\r\n", "-ERR no such mailbox: 9 is not one of 0 to 3\r\n"},
        {"KEYS *\r\n", "-ERR Command not allowed inside a transaction\r\n"},
        {"SCAN 0\r\n", "-ERR Command not allowed inside a transaction\r\n"},
        {"DIPC.WAIT 3 0 0\r\n",
         "-ERR Command not allowed inside a transaction\r\n"},
        {"MULTI x\r\n",
         "-ERR wrong number of arguments for 'multi' command\r\n"},
        {"CLIENT WHAT\r\n",
         "-ERR unknown subcommand 'WHAT'. Try CLIENT HELP.\r\n"},
        {"CLIENT SETNAME\r\n",
         "-ERR wrong number of arguments for 'client|setname' command\r\n"},
        {"COMMAND WHAT\r\n",
         "-ERR unknown subcommand 'WHAT'. Try COMMAND HELP.\r\n"},
        {"SET 2 x\r\n", CROSSSLOT},
        {"MGET 3 2\r\n", CROSSSLOT},
    };
    struct resp_scene *scene = *state;
    size_t i;

    for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ASK(scene, "MULTI\r\nSET 3 a\r\n", OK QUEUED);
        ASK(scene, refused[i].sent, refused[i].said);
        ASK(scene, "SET 3 b\r\nEXEC\r\n", QUEUED ABORTED);
        resp_scene_check(scene, 3, 0, "");
    }
    ASK(scene, "MULTI\r\nSET 3 a\r\nEXEC\r\n", OK QUEUED "*1\r\n+OK\r\n");
}

/* What is done at once was not to be queued: nothing of the queue is lost. */
static void
what_is_refused_at_once_spoils_nothing(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "MULTI\r\nSET 3 a\r\n", OK QUEUED);
    ASK(scene, "MULTI\r\n", "-ERR MULTI calls can not be nested\r\n");
    ASK(scene, "WATCH 3\r\n", "-ERR WATCH inside MULTI is not allowed\r\n");
    ASK(scene, "EXEC\r\n", "*1\r\n+OK\r\n");
    resp_scene_check(scene, 3, 1, "a");
}

static void
an_exec_that_is_refused_ends_the_transaction(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "MULTI\r\nSET 3 a\r\n", OK QUEUED);
    ASK(scene, "EXEC x\r\n",
        "-EXECABORT Transaction discarded because of: wrong number of "
        "arguments for 'exec' command\r\n");
    ASK(scene, "EXEC\r\n", "-ERR EXEC without MULTI\r\n");
    resp_scene_check(scene, 3, 0, "");
}

/* It is dropped while it arrives, and a part of the transaction with it. */
static void
a_command_that_is_too_long_spoils_the_transaction(void **state)
{
    struct resp_scene *scene = *state;
    char *long_one = malloc(140000);
    int length;

    assert_non_null(long_one);
    memset(long_one, 'x', 140000);
    length =
        snprintf(long_one, 64, "*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$139000\r\n");
    long_one[length] = 'x';
    memcpy(long_one + length + 139000, "\r\n", 2);
    ASK(scene, "MULTI\r\nSET 3 a\r\n", OK QUEUED);
    resp_scene_send(scene, long_one, (size_t)length + 139002);
    SAID(scene, "-ERR string exceeds maximum allowed size "
                "(proto-max-bulk-len): a mailbox holds 100 bytes\r\n");
    ASK(scene, "EXEC\r\n", ABORTED);
    resp_scene_check(scene, 3, 0, "");
    free(long_one);
}

static void
discard_forgets_the_queue_and_the_watch(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "DISCARD\r\n", "-ERR DISCARD without MULTI\r\n");
    ASK(scene, "WATCH 3\r\nMULTI\r\nSET 3 a\r\nWHAT\r\n",
        OK OK QUEUED
        "-ERR unknown command 'WHAT', with args beginning with: \r\n");
    fake_store_put(&scene->fake, 3, "other");
    ASK(scene, "DISCARD\r\n", OK);
    ASK(scene, "MULTI\r\nSET 2 a\r\nEXEC\r\n", OK QUEUED "*1\r\n+OK\r\n");
    resp_scene_check(scene, 3, 1, "other");
}

static void
a_watched_mailbox_that_was_written_stops_exec(void **state)
{
    static const char *const transactions[] = {"SET 3 mine\r\n", "GET 3\r\n",
                                               "PING\r\n"};
    struct resp_scene *scene = *state;
    size_t i;

    for (i = 0; i < 3; i++) {
        ASK(scene, "WATCH a:3 3\r\nWATCH 3\r\n", OK OK);
        fake_store_put(&scene->fake, 3, "theirs");
        ASK(scene, "WATCH 3\r\nMULTI\r\n", OK OK);
        ASK(scene, transactions[i], QUEUED);
        ASK(scene, "EXEC\r\n", "*-1\r\n");
        resp_scene_check(scene, 3, i + 1, "theirs");
    }
    assert_int_equal(scene->statistics.conflicts, 2);
}

static void
a_watched_mailbox_that_stays_lets_exec_happen(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "WATCH 3\r\nGET 3\r\nMULTI\r\nSET 3 a\r\nEXEC\r\n",
        OK NIL OK QUEUED "*1\r\n+OK\r\n");
    resp_scene_check(scene, 3, 1, "a");
    ASK(scene, "WATCH 3\r\nSET 3 b\r\nMULTI\r\nSET 3 c\r\nEXEC\r\n",
        OK OK OK QUEUED "*-1\r\n");
    resp_scene_check(scene, 3, 2, "b");
    ASK(scene, "WATCH 3\r\nSET 3 c\r\nUNWATCH\r\nMULTI\r\nSET 3 d\r\nEXEC\r\n",
        OK OK OK OK QUEUED "*1\r\n+OK\r\n");
    resp_scene_check(scene, 3, 4, "d");
}

static void
what_is_watched_and_what_is_queued_is_one_mailbox(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "WATCH 3 2\r\n", CROSSSLOT);
    ASK(scene, "WATCH 3\r\nWATCH 2\r\n", OK CROSSSLOT);
    ASK(scene, "MULTI\r\nSET 2 x\r\nEXEC\r\n", OK CROSSSLOT ABORTED);
    ASK(scene, "WATCH 2\r\nWATCH 9\r\n",
        OK "-ERR no such mailbox: 9 is not one of 0 to 3\r\n");
}

/* A null of a transaction is one of an array. */
static void
the_third_version_has_one_null(void **state)
{
    struct resp_scene *scene = *state;

    resp_scene_send(scene, "HELLO 3\r\n", 9);
    scene->said_bytes = 0;
    ASK(scene, "WATCH 3\r\n", OK);
    fake_store_put(&scene->fake, 3, "x");
    ASK(scene, "MULTI\r\nGET 2\r\n", OK CROSSSLOT);
    ASK(scene, "DISCARD\r\nWATCH 3\r\n", OK OK);
    fake_store_put(&scene->fake, 3, "x");
    ASK(scene, "MULTI\r\nGET 3\r\nEXEC\r\n", OK QUEUED "_\r\n");
}

static void
a_queue_is_bounded(void **state)
{
    struct resp_scene *scene = *state;
    const size_t bound = RESP_SCENE_MAILBOX + RESP_INPUT_EXTRA;
    size_t refused = 0;
    size_t i;

    ASK(scene, "MULTI\r\n", OK);
    for (i = 0; i < bound / 10 && refused == 0; i++) {
        resp_scene_send(scene, "SET 3 0123456789\r\n", 18);
        refused = strcmp(scene->said, QUEUED) == 0 ? 0 : i;
        if (refused == 0) {
            scene->said_bytes = 0;
        }
        assert_true(session_held_bytes(scene->session) < 2 * bound + 200000);
    }
    assert_true(refused > 500);
    SAID(scene, "-ERR the transaction is longer than 131172 bytes\r\n");
    ASK(scene, "EXEC\r\n", ABORTED);
    resp_scene_check(scene, 3, 0, "");
    session_rest(scene->session);
    assert_int_equal(session_held_bytes(scene->session), 0);
}

static void
a_queue_has_so_many_commands_at_most(void **state)
{
    struct resp_scene scene;
    int i;

    (void)state;
    resp_scene_open(&scene, 1 << 20);
    ASK(&scene, "MULTI\r\n", OK);
    for (i = 0; i < 4096; i++) {
        ASK(&scene, "SET 3 x\r\n", QUEUED);
    }
    ASK(&scene, "SET 3 x\r\n",
        "-ERR the transaction has more than 4096 commands\r\n");
    ASK(&scene, "EXEC\r\n", ABORTED);
    resp_scene_check(&scene, 3, 0, "");
    resp_scene_close(&scene);
}

/* Answers that the output cannot hold are found before anything is written. */
static void
answers_that_are_too_long_stop_exec(void **state)
{
    struct resp_scene scene;
    const size_t count = 2 + RESP_OUTPUT_EXTRA / 60000 + 1;
    char *big = malloc(60001);
    size_t i;

    (void)state;
    assert_non_null(big);
    memset(big, 'x', 60000);
    big[60000] = '\0';
    resp_scene_open(&scene, 60000);
    fake_store_put(&scene.fake, 3, big);
    ASK(&scene, "MULTI\r\nAPPEND 2 x\r\nDISCARD\r\nMULTI\r\nSETRANGE 3 0 y\r\n",
        OK QUEUED OK OK QUEUED);
    for (i = 0; i < count; i++) {
        ASK(&scene, "GET 3\r\n", QUEUED);
    }
    ASK(&scene, "EXEC\r\n",
        "-EXECABORT Transaction discarded because its answers would be longer "
        "than 354912 bytes\r\n");
    resp_scene_check(&scene, 3, 1, big);
    ASK(&scene, "MULTI\r\nSTRLEN 3\r\nEXEC\r\n", OK QUEUED "*1\r\n:60000\r\n");
    resp_scene_close(&scene);
    free(big);
}

static void
a_transaction_that_would_hold_the_lock_for_long_is_refused(void **state)
{
    struct resp_scene scene;
    int i;

    (void)state;
    resp_scene_open(&scene, FAKE_STORE_BYTES_MAX);
    ASK(&scene, "MULTI\r\n", OK);
    for (i = 0; i < 259; i++) { /* twice a mailbox, and 16 MB */
        ASK(&scene, "SET 3 a\r\nSETRANGE 3 65535 z\r\n", QUEUED QUEUED);
    }
    ASK(&scene, "STRLEN 3\r\n", QUEUED);
    resp_scene_send(&scene, "EXEC\r\n", 6);
    assert_non_null(strstr(scene.said, "*519\r\n+OK\r\n:65536\r\n"));
    assert_non_null(strstr(scene.said,
                           "-ERR the transaction fills more than 16908288 "
                           "bytes with zeros\r\n:1\r\n"));
    resp_scene_check(&scene, 3, 1, "a");
    resp_scene_close(&scene);
}

static void
without_memory_a_transaction_changes_nothing(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "MULTI\r\n", OK);
    session_rest(scene->session);
    ASK(scene, "PING\r\n", QUEUED);
    ASK(scene, "SET 3 a\r\n", QUEUED);
    fake_heap_set(0);
    ASK(scene, "EXEC\r\n", "-ERR the server is out of memory\r\n");
    fake_heap_set(FAKE_HEAP_ENDLESS);
    resp_scene_check(scene, 3, 0, "");
    ASK(scene, "MULTI\r\n", OK);
    session_rest(scene->session);
    resp_scene_send(scene, "\r\n", 2); /* the buffers are there again */
    fake_heap_set(1);
    resp_scene_send(scene, "SET 3 a\r\n", 9);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    SAID(scene, "-ERR the server is out of memory\r\n");
    ASK(scene, "EXEC\r\n", ABORTED);
}

static void
what_the_store_cannot_do_ends_the_transaction(void **state)
{
    struct resp_scene *scene = *state;

    scene->fake.write_error = EBUSY;
    ASK(scene, "MULTI\r\nSET 3 a\r\nEXEC\r\n",
        OK QUEUED "-BUSY mailbox 3 was locked for too long: try again\r\n");
    ASK(scene, "EXEC\r\n", "-ERR EXEC without MULTI\r\n");
    scene->fake.version_error = EIO;
    ASK(scene, "WATCH 3\r\n",
        "-ERR internal: a fault in the server; its log tells more\r\n");
    CLOSED(scene);
}

#define TEST(name)                                           \
    cmocka_unit_test_setup_teardown(name, resp_scene_set_up, \
                                    resp_scene_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_queued_is_done_together),
        TEST(each_command_sees_what_those_before_it_did),
        TEST(a_transaction_that_only_reads_writes_nothing),
        TEST(a_transaction_may_be_about_no_mailbox),
        TEST(a_command_that_fails_in_exec_leaves_the_others),
        TEST(a_refused_command_spoils_the_transaction),
        TEST(what_is_refused_at_once_spoils_nothing),
        TEST(an_exec_that_is_refused_ends_the_transaction),
        TEST(a_command_that_is_too_long_spoils_the_transaction),
        TEST(discard_forgets_the_queue_and_the_watch),
        TEST(a_watched_mailbox_that_was_written_stops_exec),
        TEST(a_watched_mailbox_that_stays_lets_exec_happen),
        TEST(what_is_watched_and_what_is_queued_is_one_mailbox),
        TEST(the_third_version_has_one_null),
        TEST(a_queue_is_bounded),
        cmocka_unit_test(a_queue_has_so_many_commands_at_most),
        cmocka_unit_test(answers_that_are_too_long_stop_exec),
        cmocka_unit_test(
            a_transaction_that_would_hold_the_lock_for_long_is_refused),
        TEST(without_memory_a_transaction_changes_nothing),
        TEST(what_the_store_cannot_do_ends_the_transaction),
    };

    return cmocka_run_group_tests_name("resp_transaction", tests, NULL, NULL);
}
