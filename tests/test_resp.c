#include "resp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_heap.h"
#include "resp_scene.h"

#define OK "+OK\r\n"
#define MS ((uint64_t)1000000)
#define LARGE 40000

/* Commands of every kind, as typed lines and as arrays. */
static const char batch[] =
    "PING\r\n"
    "\r\n"
    "*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$7\r\nab\r\ncde\r\n"
    "*2\r\n$3\r\nGET\r\n$9\r\nmailbox:3\r\n"
    "*0\r\n"
    "*-1\r\n"
    "set 2 \"x y\"\n"
    "MGET 3 2 1\r\n"
    "*2\r\n$4\r\nWHAT\r\n$2\r\nno\r\n"
    "WATCH 3\r\nMULTI\r\nAPPEND 3 !\r\nGET 3\r\nEXEC\r\n"
    "*4\r\n$10\r\nSETIFMATCH\r\n$1\r\n3\r\n$3\r\nnew\r\n$1\r\n2\r\n"
    "DIPC.WAIT 3 9 5\r\n"
    "KEYS *\r\nSCAN 0\r\nDBSIZE\r\n"
    "HELLO 3\r\n"
    "GET 0\r\n"
    "*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$104\r\n"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123\r\n"
    "GET 3\r\n";

static const char answers[] =
    "+PONG\r\n"
    "+OK\r\n"
    "$7\r\nab\r\ncde\r\n"
    "+OK\r\n"
    "*3\r\n$7\r\nab\r\ncde\r\n$3\r\nx y\r\n$-1\r\n"
    "-ERR unknown command 'WHAT', with args beginning with: 'no' \r\n"
    "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:8\r\n$8\r\nab\r\ncde!\r\n"
    "*2\r\n:3\r\n$-1\r\n"
    "*-1\r\n"
    "*2\r\n$1\r\n2\r\n$1\r\n3\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n"
    ":2\r\n"
    "%7\r\n$6\r\nserver\r\n$4\r\ndipc\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n"
    "$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:11\r\n$4\r\nmode\r\n"
    "$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n"
    "*0\r\n"
    "_\r\n"
    "-ERR string exceeds maximum allowed size (proto-max-bulk-len): a mailbox "
    "holds 100 bytes\r\n"
    "$3\r\nnew\r\n";

static void
check_batch(struct resp_scene *scene)
{
    SAID(scene, answers);
    OPEN(scene);
    resp_scene_check(scene, 3, 3, "new");
    session_rest(scene->session);
    assert_int_equal(session_held_bytes(scene->session), 0);
    resp_scene_close(scene);
}

static void
a_batch_cut_in_two_anywhere_is_answered_like_one(void **state)
{
    const size_t length = strlen(batch);
    size_t cut;

    (void)state;
    for (cut = 0; cut <= length; cut++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        resp_scene_send(&scene, batch, cut);
        resp_scene_send(&scene, batch + cut, length - cut);
        check_batch(&scene);
    }
}

static void
pieces_of_any_size_are_answered_like_one(void **state)
{
    size_t piece;

    (void)state;
    for (piece = 1; piece < 40; piece++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        scene.piece_max = piece;
        scene.send_max = 1 + piece % 5;
        scene.rests = piece % 2 == 0;
        resp_scene_send(&scene, batch, strlen(batch));
        check_batch(&scene);
    }
}

/* The peer half-closes: whole commands are answered, a part of one is not. */
static void
a_batch_that_ends_anywhere_is_answered_so_far(void **state)
{
    const size_t length = strlen(batch);
    size_t cut;

    (void)state;
    for (cut = 4; cut <= length; cut++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        resp_scene_send(&scene, batch, cut);
        resp_scene_end(&scene);
        CLOSED(&scene);
        assert_memory_equal(scene.said, answers, scene.said_bytes);
        resp_scene_close(&scene);
    }
}

static void
a_value_may_be_as_large_as_a_mailbox(void **state)
{
    struct resp_scene scene;
    char *large = malloc(LARGE + 64);
    char *expected = malloc(3 * LARGE);
    int header;
    int length;

    (void)state;
    assert_non_null(large);
    assert_non_null(expected);
    resp_scene_open(&scene, LARGE);
    header = sprintf(large, "*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$%d\r\n", LARGE);
    memset(large + header, 'x', LARGE);
    memcpy(large + header + LARGE, "\r\n", 3);
    scene.piece_max = 1000;
    ASK(&scene, large, OK);
    length = sprintf(expected, "*2\r\n$%d\r\n", LARGE);
    memcpy(expected + length, large + header, LARGE + 2);
    length += LARGE + 2;
    length += sprintf(expected + length, "$%d\r\n", LARGE);
    memcpy(expected + length, large + header, LARGE + 3);
    ASK(&scene, "MGET 3 3\r\n", expected);
    assert_true(scene.held_max <= 2 * LARGE + RESP_INPUT_EXTRA + RESP_LINE_MAX +
                                      SESSION_OUTPUT_MIN + RESP_OUTPUT_EXTRA +
                                      1024);
    session_rest(scene.session);
    assert_int_equal(session_held_bytes(scene.session), 0);
    resp_scene_close(&scene);
    free(large);
    free(expected);
}

/* Many answers are not kept until all of them are there. */
static void
answers_leave_before_they_are_too_many(void **state)
{
    struct resp_scene scene;
    char value[1001];
    size_t i;

    (void)state;
    memset(value, 'x', 1000);
    value[1000] = '\0';
    resp_scene_open(&scene, 60000);
    fake_store_put(&scene.fake, 3, value);
    for (i = 0; i < 200; i++) {
        resp_scene_send(&scene, "*2\r\n$3\r\nGET\r\n$1\r\n3\r\n", 20);
    }
    assert_int_equal(scene.said_bytes, 200 * 1009);
    scene.said_bytes = 0;
    resp_scene_send(&scene, "MGET", 4);
    for (i = 0; i < 300; i++) {
        resp_scene_send(&scene, " 3", 2);
    }
    resp_scene_send(&scene, "\r\n", 2);
    assert_int_equal(scene.said_bytes, 300 * 1009 + 6);
    assert_true(scene.held_max < 2 * SESSION_OUTPUT_MIN + 65536 + 8192);
    resp_scene_close(&scene);
}

static void
a_fault_of_the_protocol_is_told_and_closes(void **state)
{
    static const struct {
        const char *sent;
        const char *said;
    } faults[] = {
        {"*1\r\n+PING\r\n", "-ERR Protocol error: expected '$', got '+'\r\n"},
        {"*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
        {"*5000\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
        {"*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
        {"PING \"\r\n",
         "-ERR Protocol error: unbalanced quotes in request\r\n"},
        {"PING\r\n*1\r\n$-1\r\nPING\r\n",
         "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        ASK(&scene, faults[i].sent, faults[i].said);
        CLOSED(&scene);
        assert_int_equal(scene.statistics.bad_requests, 1);
        resp_scene_close(&scene);
    }
}

/* Announce a value of so many bytes, and send them. */
static void
send_value(struct resp_scene *scene, size_t length)
{
    char header[64];
    char data[1000];
    size_t sent;

    memset(data, 'x', sizeof data);
    (void)snprintf(header, sizeof header,
                   "*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$%zu\r\n", length);
    resp_scene_send(scene, header, strlen(header));
    for (sent = 0; sent < length; sent += sizeof data) {
        resp_scene_send(scene, data,
                        length - sent < sizeof data ? length - sent
                                                    : sizeof data);
    }
    resp_scene_send(scene, "\r\n", 2);
}

static void
a_value_that_is_too_large_is_dropped_and_the_stream_in_step(void **state)
{
    static const char said[] =
        "-ERR string exceeds maximum allowed size (proto-max-bulk-len): a "
        "mailbox holds 100 bytes\r\n";
    struct resp_scene *scene = *state;

    send_value(scene, 500000);
    assert_true(scene->held_max < 200000);
    ASK(scene, "GET 3\r\n",
        "-ERR string exceeds maximum allowed size "
        "(proto-max-bulk-len): a mailbox holds 100 "
        "bytes\r\n$-1\r\n");
    ASK(scene, "MULTI\r\n", OK);
    send_value(scene, 500000);
    SAID(scene, said);
    ASK(scene, "EXEC\r\n",
        "-EXECABORT Transaction discarded because of "
        "previous errors.\r\n");
    send_value(scene, 500000000);
    SAID(scene, said);
    CLOSED(scene);
}

static void
a_command_of_many_words_is_bounded_too(void **state)
{
    struct resp_scene *scene = *state;
    int i;

    resp_scene_send(scene, "*4001\r\n$4\r\nMGET\r\n", 17);
    for (i = 0; i < 4000; i++) {
        resp_scene_send(scene,
                        "$40\r\n0123456789012345678901234567890123456789"
                        "\r\n",
                        47);
    }
    SAID(scene, "-ERR the command is longer than 131172 bytes\r\n");
    ASK(scene, "PING\r\n", "+PONG\r\n");
}

/* ---- How a session ends. ---- */

static void
expire(struct resp_scene *scene)
{
    uint64_t deadline = session_deadline_ns(scene->session);

    assert_true(deadline != SESSION_FOREVER);
    if (scene->fake.now_ns < deadline) {
        scene->fake.now_ns = deadline;
    }
    session_expired(scene->session);
    resp_scene_run(scene);
}

/* It would take an error for the answer to its next command. */
static void
an_idle_client_is_closed_without_a_word(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "PING\r\n", "+PONG\r\n");
    expire(scene);
    SAID(scene, "");
    CLOSED(scene);
}

static void
a_command_that_is_not_finished_in_time_is_told_so(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "*2\r\n$3\r\nGET\r\n", "");
    assert_false(session_is_in_gap(scene->session));
    expire(scene);
    SAID(scene, "-ERR Protocol error: the command was not finished within "
                "30000 ms\r\n");
    CLOSED(scene);
}

static void
what_is_dropped_for_too_long_is_closed(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$200000\r\nx",
        "-ERR string exceeds maximum allowed size (proto-max-bulk-len): a "
        "mailbox holds 100 bytes\r\n");
    expire(scene);
    SAID(scene, "");
    CLOSED(scene);
}

static void
the_servers_end_is_told_to_whoever_waits_for_an_answer(void **state)
{
    static const struct {
        const char *sent;
        const char *said;
    } rows[] = {
        {"PING\r\n", "+PONG\r\n"},
        {"PI", "-ERR shutting down: the server is ending\r\n"},
        {"*1\r\n$4\r\nPI", "-ERR shutting down: the server is ending\r\n"},
        {"MULTI\r\n", OK},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        resp_scene_send(&scene, rows[i].sent, strlen(rows[i].sent));
        session_stop(scene.session);
        resp_scene_run(&scene);
        SAID(&scene, rows[i].said);
        CLOSED(&scene);
        resp_scene_close(&scene);
    }
}

static void
http_is_closed_without_a_word_and_told_to_the_log(void **state)
{
    static const char *const sent[] = {
        "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET 3 x\r\n",
        "post / HTTP/1.1\r\n",
        "Host: localhost\r\nSET 3 x\r\n",
        "MULTI\r\nPOST /\r\n",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        assert_null(session_complaint(scene.session));
        resp_scene_send(&scene, sent[i], strlen(sent[i]));
        SAID(&scene, i == 3 ? OK : "");
        CLOSED(&scene);
        assert_non_null(strstr(session_complaint(scene.session), "POST"));
        resp_scene_check(&scene, 3, 0, "");
        resp_scene_close(&scene);
    }
}

/* ---- Memory. ---- */

static void
without_memory_a_session_says_so_in_its_protocol(void **state)
{
    long allocations;

    (void)state;
    for (allocations = 1; allocations < 4; allocations++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        fake_heap_set(allocations); /* the input is the first */
        resp_scene_send(&scene, "SET 3 x\r\n", 9);
        fake_heap_set(FAKE_HEAP_ENDLESS);
        SAID(&scene, "-ERR the server is out of memory\r\n");
        CLOSED(&scene);
        assert_int_equal(session_fault(scene.session), ENOMEM);
        resp_scene_check(&scene, 3, 0, "");
        resp_scene_close(&scene);
    }
}

/* Its words are still where the parser put them. */
static void
a_typed_command_that_waits_outlives_a_rest(void **state)
{
    struct resp_scene *scene = *state;

    scene->waits_by_hand = true;
    resp_scene_send(scene, "DIPC.WAIT 3 0 5\r\n", 17);
    assert_int_equal(scene->next, SESSION_WAIT);
    session_rest(scene->session);
    fake_store_put(&scene->fake, 3, "new");
    session_woken(scene->session, 0);
    resp_scene_run(scene);
    SAID(scene, "*2\r\n:1\r\n$3\r\nnew\r\n");
}

static void
a_session_gives_its_memory_back(void **state)
{
    const long before = fake_heap_blocks();
    struct resp_scene scene;

    (void)state;
    resp_scene_open(&scene, RESP_SCENE_MAILBOX);
    ASK(&scene, "MULTI\r\nSET 3 x\r\n", OK "+QUEUED\r\n");
    resp_scene_send(&scene, "*2\r\n$3\r\nGET\r\n", 13);
    assert_true(fake_heap_blocks() > before);
    resp_scene_close(&scene);
    assert_int_equal(fake_heap_blocks(), before);
}

static void
a_client_that_nobody_introduced_is_not_listed(void **state)
{
    struct resp_scene *scene = *state;

    session_destroy(scene->session);
    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &scene->session), 0);
    scene->next = session_advance(scene->session);
    ASK(scene, "CLIENT LIST\r\n", "$0\r\n\r\n");
}

/* One session more in the census of a scene. */
static struct session *
join(struct resp_scene *scene, uint64_t number)
{
    struct session *session = NULL;

    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &session), 0);
    session_introduce(session, number, "unix");
    assert_int_equal(session_advance(session), SESSION_RECEIVE);
    return session;
}

static void
a_list_tells_how_old_and_how_idle_a_client_is(void **state)
{
    struct resp_scene *scene = *state;
    struct session *silent;
    struct session *busy;
    void *room;
    size_t room_bytes;

    scene->fake.now_ns = 100000 * MS;
    silent = join(scene, 21);
    busy = join(scene, 22);
    scene->fake.now_ns += 3000 * MS;
    assert_int_equal(session_room(busy, &room, &room_bytes), 0);
    memcpy(room, "r", 1);
    session_received(busy, 1);
    scene->fake.now_ns += 7000 * MS;
    resp_scene_send(scene, "CLIENT LIST\r\n", 13);
    assert_non_null(
        strstr(scene->said, "id=21 addr=unix name= age=10 idle=10 "));
    assert_non_null(
        strstr(scene->said, "id=22 addr=unix name= age=10 idle=7 "));
    session_destroy(silent);
    session_destroy(busy);
}

static void
an_answer_that_finds_no_memory_is_an_error(void **state)
{
    struct resp_scene scene;
    char value[50001];

    (void)state;
    memset(value, 'x', 50000);
    value[50000] = '\0';
    resp_scene_open(&scene, 60000);
    fake_store_put(&scene.fake, 3, value);
    ASK(&scene, "PING\r\n", "+PONG\r\n");
    fake_heap_set(0);
    ASK(&scene, "GET 3\r\nGETDEL 3\r\n",
        "-ERR the server is out of memory\r\n"
        "-ERR the server is out of memory\r\n");
    fake_heap_set(FAKE_HEAP_ENDLESS);
    resp_scene_check(&scene, 3, 1, value);
    OPEN(&scene);
    resp_scene_close(&scene);
}

/* Bytes of every kind: no crash, no hang, no more memory than is allowed. */
static void
garbage_never_puts_a_session_out_of_its_bounds(void **state)
{
    static const char *const words[] = {
        "*1\r\n",    "*2\r\n",     "*3\r\n",      "*",        "$3\r\n",
        "$1\r\n",    "$0\r\n\r\n", "GET",         "SET",      "3",
        "\r\n",      "\r\n",       "\n",          " ",        "\"",
        "MULTI ",    "EXEC ",      "$200\r\n",    "$-1\r\n",  "WATCH 3 ",
        "APPEND",    "KEYS *",     "HELLO 3",     "x",        "DIPC.WAIT 3 0 1",
        "CLIENT ",   "INFO",       "$200000\r\n", "DISCARD ", "MGET 3 2",
        "SETIFMATCH"};
    const size_t count = sizeof words / sizeof words[0];
    uint64_t random = 20260104;
    int round;

    (void)state;
    for (round = 0; round < 4000; round++) {
        struct resp_scene scene;
        int pieces;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        resp_scene_send(&scene, "PING\r\n", 6);
        for (pieces = 0; pieces < 60 && scene.next == SESSION_RECEIVE;
             pieces++) {
            const char *word;

            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            word = words[(random >> 33) % count];
            resp_scene_send(&scene, word, strlen(word));
            if ((random >> 40) % 16 == 0) {
                session_rest(scene.session);
            }
        }
        resp_scene_end(&scene);
        CLOSED(&scene);
        assert_true(scene.held_max < 2 * RESP_SCENE_MAILBOX + 400000);
        resp_scene_close(&scene);
    }
}

#define TEST(name)                                           \
    cmocka_unit_test_setup_teardown(name, resp_scene_set_up, \
                                    resp_scene_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_cut_in_two_anywhere_is_answered_like_one),
        cmocka_unit_test(pieces_of_any_size_are_answered_like_one),
        cmocka_unit_test(a_batch_that_ends_anywhere_is_answered_so_far),
        cmocka_unit_test(a_value_may_be_as_large_as_a_mailbox),
        cmocka_unit_test(answers_leave_before_they_are_too_many),
        cmocka_unit_test(a_fault_of_the_protocol_is_told_and_closes),
        TEST(a_value_that_is_too_large_is_dropped_and_the_stream_in_step),
        TEST(a_command_of_many_words_is_bounded_too),
        TEST(an_idle_client_is_closed_without_a_word),
        TEST(a_command_that_is_not_finished_in_time_is_told_so),
        TEST(what_is_dropped_for_too_long_is_closed),
        cmocka_unit_test(
            the_servers_end_is_told_to_whoever_waits_for_an_answer),
        cmocka_unit_test(http_is_closed_without_a_word_and_told_to_the_log),
        cmocka_unit_test(without_memory_a_session_says_so_in_its_protocol),
        TEST(a_typed_command_that_waits_outlives_a_rest),
        cmocka_unit_test(a_session_gives_its_memory_back),
        TEST(a_client_that_nobody_introduced_is_not_listed),
        TEST(a_list_tells_how_old_and_how_idle_a_client_is),
        cmocka_unit_test(an_answer_that_finds_no_memory_is_an_error),
        cmocka_unit_test(garbage_never_puts_a_session_out_of_its_bounds),
    };

    return cmocka_run_group_tests_name("resp", tests, NULL, NULL);
}
