/* Answers in pieces, cut off, late, of another making; and what is unknown. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "dipc.h"
#include "fake_heap.h"
#include "fake_peer.h"

#define PATIENCE_MS 30000
#define SOON_MS 20
#define READ "r 3 max=8\n"
#define WRITE "w 3 5\nhello"
#define READ_ANSWER "ok 5 version=1 size=5\nhello"
#define WRITE_ANSWER "ok 0 version=1 size=5\n"

static struct fake_peer peer;
static struct dipc_connection *connection;
static struct dipc_answer answer;
static struct dipc_error error;
static char data[8];

static void
start(const struct peer_step *steps, size_t count, int timeout_ms)
{
    fake_peer_start(&peer, steps, count);
    assert_int_equal(
        dipc_connect_unix(peer.path, timeout_ms, &connection, &error), DIPC_OK);
    memset(data, 0, sizeof data);
}

static void
end(void)
{
    dipc_close(connection);
    fake_peer_end(&peer);
}

static enum dipc_status
read_it(void)
{
    error = (struct dipc_error){.status = DIPC_OK};
    return dipc_read(connection, 3, data, sizeof data, &answer, &error);
}

static enum dipc_status
write_it(void)
{
    error = (struct dipc_error){.status = DIPC_OK};
    return dipc_write(connection, 3, "hello", 5, &answer, &error);
}

/* From then on nothing is sent, and so nothing unknown. */
static void
assert_lost(void)
{
    assert_false(dipc_is_connected(connection));
    assert_int_equal(write_it(), DIPC_BROKEN);
    assert_int_equal(error.status, DIPC_BROKEN);
    assert_false(error.is_unknown);
    assert_non_null(strstr(error.message, "the connection is gone: "));
}

static void
an_answer_in_pieces_of_any_size_is_whole(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= strlen(READ_ANSWER); piece++) {
        const struct peer_step steps[] = {
            {.expects = READ, .answers = READ_ANSWER, .piece_bytes = piece},
            {.expects = WRITE, .answers = WRITE_ANSWER, .piece_bytes = piece},
            {.expects = READ, .answers = READ_ANSWER, .piece_bytes = piece},
        };
        start(steps, 3, PATIENCE_MS);
        assert_int_equal(read_it(), DIPC_OK);
        assert_memory_equal(data, "hello\0\0", 8);
        assert_int_equal(answer.length, 5);
        assert_int_equal(write_it(), DIPC_OK);
        assert_int_equal(answer.version, 1);
        assert_int_equal(answer.length, 5);
        assert_int_equal(read_it(), DIPC_OK);
        assert_true(dipc_is_connected(connection));
        end();
    }
}

static void
a_read_cut_at_any_byte_is_broken(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < strlen(READ_ANSWER); cut++) {
        const struct peer_step step = {.expects = READ,
                                       .answers = cut > 0 ? READ_ANSWER : NULL,
                                       .answers_bytes = cut};
        start(&step, 1, PATIENCE_MS);
        assert_int_equal(read_it(), DIPC_BROKEN);
        assert_int_equal(error.status, DIPC_BROKEN);
        assert_false(error.is_unknown);
        assert_lost();
        end();
    }
}

static void
a_write_whose_answer_is_cut_is_unknown(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < strlen(WRITE_ANSWER); cut++) {
        const struct peer_step step = {.expects = WRITE,
                                       .answers = cut > 0 ? WRITE_ANSWER : NULL,
                                       .answers_bytes = cut};
        start(&step, 1, PATIENCE_MS);
        assert_int_equal(write_it(), DIPC_BROKEN);
        assert_true(error.is_unknown);
        assert_non_null(strstr(error.message, "unknown"));
        assert_lost();
        end();
    }
}

static void
no_answer_is_a_timeout(void **state)
{
    const struct peer_step none = {.expects = WRITE, .end = PEER_STAYS_SILENT};

    (void)state;
    start(&none, 1, SOON_MS);
    assert_int_equal(write_it(), DIPC_TIMED_OUT);
    assert_true(error.is_unknown);
    assert_lost();
    end();
}

/* A late answer would be taken for the next one's. */
static void
half_an_answer_is_a_timeout(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < strlen(READ_ANSWER); cut++) {
        const struct peer_step half = {.expects = READ,
                                       .answers = READ_ANSWER,
                                       .answers_bytes = cut,
                                       .end = PEER_STAYS_SILENT};
        start(&half, 1, SOON_MS);
        assert_int_equal(read_it(), DIPC_TIMED_OUT);
        assert_false(error.is_unknown);
        assert_lost();
        end();
    }
}

/* What was cut short is never carried out. */
static void
a_write_that_was_not_taken_whole_is_not_unknown(void **state)
{
    const size_t length = (size_t)16 << 20;
    const struct peer_step steps[] = {
        {.expects = "s\n", .answers = "ok 23\npacket-bytes 999999999\n"},
        {.end = PEER_READS_NOTHING},
    };
    char *large = test_calloc(1, length);

    (void)state;
    start(steps, 2, 200);
    dipc_set_timeout(connection, 200);
    assert_int_equal(dipc_write(connection, 3, large, length, NULL, &error),
                     DIPC_TIMED_OUT);
    assert_false(error.is_unknown);
    assert_lost();
    end();
    test_free(large);
}

static void
noise_is_a_protocol_error(void **state)
{
    static const char *const noise[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "-ERR unknown command\r\n",
        "\n",
        "ok\n",
        "ok 0\n",                  /* no version, no size */
        "ok 9 version=1 size=9\n", /* more than was asked for */
        "ok 99999999999999999999 version=1 size=1\n",
        "err\n",
        "err conflict\n", /* with which version? */
    };

    (void)state;
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++) {
        const struct peer_step step = {.expects = READ, .answers = noise[i]};
        start(&step, 1, PATIENCE_MS);
        assert_int_equal(read_it(), DIPC_PROTOCOL);
        assert_lost();
        end();
    }
}

static void
an_endless_line_is_a_protocol_error(void **state)
{
    static char line[8192];
    const struct peer_step step = {.expects = READ, .answers = line};

    (void)state;
    memset(line, 'o', sizeof line - 1);
    start(&step, 1, PATIENCE_MS);
    assert_int_equal(read_it(), DIPC_PROTOCOL);
    assert_non_null(strstr(error.message, "no DIPC server"));
    end();
}

static void
a_write_answered_with_data_is_a_protocol_error(void **state)
{
    const struct peer_step step = {.expects = WRITE,
                                   .answers = "ok 1 version=1 size=1\nx"};

    (void)state;
    start(&step, 1, PATIENCE_MS);
    assert_int_equal(write_it(), DIPC_PROTOCOL);
    assert_true(error.is_unknown);
    end();
}

static void
more_than_was_asked_for_loses_the_connection(void **state)
{
    const struct peer_step step = {.expects = READ,
                                   .answers = READ_ANSWER WRITE_ANSWER,
                                   .end = PEER_STAYS_SILENT};

    (void)state;
    start(&step, 1, PATIENCE_MS);
    assert_int_equal(read_it(), DIPC_OK);
    assert_int_equal(write_it(), DIPC_PROTOCOL);
    assert_false(error.is_unknown);
    assert_lost();
    end();
}

static void
a_no_leaves_the_connection_open(void **state)
{
    static const struct {
        const char *answer;
        enum dipc_status status;
        const char *message;
    } rows[] = {
        {"err conflict version=7: expected version 3\n", DIPC_CONFLICT,
         "conflict: expected version 3, and the mailbox is at version 7"},
        {"err no-such-mailbox: 0 to 2\n", DIPC_NO_SUCH_MAILBOX,
         "no such mailbox: 0 to 2"},
        {"err too-large: x\n", DIPC_TOO_LARGE, "too large: x"},
        {"err busy: the lock\n", DIPC_BUSY, "busy: the lock"},
        {"err bad-request: x\n", DIPC_BAD_REQUEST, "bad request: x"},
        {"err out-of-tea: x\n", DIPC_OTHER_ERROR, "the server says: x"},
        {"err out-of-tea: \x1b[31m\n", DIPC_OTHER_ERROR,
         "the server says: ?[31m"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct peer_step steps[] = {
            {.expects = WRITE, .answers = rows[i].answer},
            {.expects = READ, .answers = READ_ANSWER},
        };
        start(steps, 2, PATIENCE_MS);
        assert_int_equal(write_it(), rows[i].status);
        assert_int_equal(error.status, rows[i].status);
        assert_string_equal(error.message, rows[i].message);
        assert_int_equal(error.version, i == 0 ? 7 : 0);
        assert_false(error.is_unknown);
        assert_int_equal(read_it(), DIPC_OK);
        end();
    }
}

static void
a_no_that_closes_ends_the_connection(void **state)
{
    static const struct {
        const char *answer;
        enum dipc_status status;
    } rows[] = {
        {"err shutting-down: the server ends\n", DIPC_SHUTTING_DOWN},
        {"err internal: x\n", DIPC_INTERNAL},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct peer_step step = {.expects = WRITE,
                                       .answers = rows[i].answer};
        start(&step, 1, PATIENCE_MS);
        assert_int_equal(write_it(), rows[i].status);
        assert_false(error.is_unknown);
        assert_lost();
        end();
    }
}

/* Said before anything was asked, as to one client too many. */
static void
a_farewell_is_passed_on(void **state)
{
    static const struct {
        const char *said;
        enum dipc_status status;
        const char *message;
    } rows[] = {
        {"err busy: every place is taken\n", DIPC_BUSY, "every place"},
        {"err timeout: idle for 5 s\n", DIPC_BROKEN, "idle for 5 s"},
        {"err shutting-down\n", DIPC_SHUTTING_DOWN, "shutting-down"},
        {"ok 0\n", DIPC_PROTOCOL, "nobody asked"},
        {"noise\n", DIPC_PROTOCOL, "noise"},
        {NULL, DIPC_BROKEN, "closed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct peer_step steps[] = {
            {.expects = READ, .answers = READ_ANSWER},
            {.answers = rows[i].said, .end = PEER_CLOSES},
        };
        start(steps, 2, PATIENCE_MS);
        assert_int_equal(read_it(), DIPC_OK);
        fake_peer_end(&peer);
        assert_int_equal(write_it(), rows[i].status);
        assert_non_null(strstr(error.message, rows[i].message));
        assert_false(error.is_unknown);
        assert_lost();
        dipc_close(connection);
    }
}

/* It was on its way when the request left: no server carries that out. */
static void
a_farewell_that_crosses_a_write_is_no_unknown(void **state)
{
    const struct peer_step step = {.expects = WRITE,
                                   .answers = "err timeout: idle for 5 s\n"};

    (void)state;
    start(&step, 1, PATIENCE_MS);
    assert_int_equal(write_it(), DIPC_BROKEN);
    assert_false(error.is_unknown);
    assert_non_null(strstr(error.message, "idle for 5 s"));
    end();
}

static void
a_batch_cut_at_any_byte_keeps_what_was_answered(void **state)
{
    static const char answers[] = WRITE_ANSWER READ_ANSWER WRITE_ANSWER;
    const size_t first = strlen(WRITE_ANSWER);
    const size_t second = first + strlen(READ_ANSWER);

    (void)state;
    for (size_t cut = 0; cut <= strlen(answers); cut++) {
        const struct peer_step step = {.expects = WRITE READ WRITE,
                                       .answers = cut > 0 ? answers : NULL,
                                       .answers_bytes = cut,
                                       .piece_bytes = 7};
        struct dipc_batch *batch = dipc_batch_create();
        start(&step, 1, PATIENCE_MS);
        assert_int_equal(dipc_batch_write(batch, 3, DIPC_REPLACE,
                                          DIPC_ANY_VERSION, "hello", 5),
                         DIPC_OK);
        assert_int_equal(
            dipc_batch_read(batch, 3, 0, DIPC_ANY_VERSION, data, sizeof data),
            DIPC_OK);
        assert_int_equal(dipc_batch_write(batch, 3, DIPC_REPLACE,
                                          DIPC_ANY_VERSION, "hello", 5),
                         DIPC_OK);
        bool is_whole = cut == strlen(answers);
        assert_int_equal(dipc_batch_flush(batch, connection, &error),
                         is_whole ? DIPC_OK : DIPC_BROKEN);
        const bool answered[] = {cut >= first, cut >= second, is_whole};
        for (size_t i = 0; i < 3; i++) {
            enum dipc_status status =
                dipc_batch_result(batch, i, &answer, &error);
            assert_int_equal(status, answered[i] ? DIPC_OK : DIPC_BROKEN);
            assert_true(answered[i] || error.is_unknown == (i != 1));
        }
        dipc_batch_free(batch);
        end();
    }
}

/* Behind a server's last word nothing is carried out. */
static void
a_batch_ends_with_the_server(void **state)
{
    const struct peer_step step = {
        .expects = WRITE WRITE WRITE,
        .answers = WRITE_ANSWER "err shutting-down\n",
    };
    struct dipc_batch *batch = dipc_batch_create();

    (void)state;
    start(&step, 1, PATIENCE_MS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dipc_batch_write(batch, 3, DIPC_REPLACE,
                                          DIPC_ANY_VERSION, "hello", 5),
                         DIPC_OK);
    }
    assert_int_equal(dipc_batch_flush(batch, connection, &error),
                     DIPC_SHUTTING_DOWN);
    assert_false(error.is_unknown);
    assert_int_equal(dipc_batch_result(batch, 0, &answer, &error), DIPC_OK);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(dipc_batch_result(batch, i, &answer, &error),
                         DIPC_SHUTTING_DOWN);
        assert_false(error.is_unknown);
    }
    dipc_batch_free(batch);
    end();
}

/* Nor does it raise a signal, which would end this program. */
static void
a_peer_that_closes_while_it_is_sent_to_breaks(void **state)
{
    const struct peer_step step = {.expects = WRITE};
    const size_t length = (size_t)8 << 20;
    char *large = test_calloc(1, length);
    struct dipc_batch *batch = dipc_batch_create();

    (void)state;
    start(&step, 1, PATIENCE_MS);
    assert_int_equal(
        dipc_batch_write(batch, 3, DIPC_REPLACE, DIPC_ANY_VERSION, "hello", 5),
        DIPC_OK);
    assert_int_equal(dipc_batch_write(batch, 3, DIPC_REPLACE, DIPC_ANY_VERSION,
                                      large, length),
                     DIPC_OK);
    assert_int_equal(dipc_batch_flush(batch, connection, &error), DIPC_BROKEN);
    assert_true(error.is_unknown);
    assert_int_equal(dipc_batch_result(batch, 0, NULL, &error), DIPC_BROKEN);
    assert_true(error.is_unknown);
    assert_int_equal(dipc_batch_result(batch, 1, NULL, &error), DIPC_BROKEN);
    assert_false(error.is_unknown);
    dipc_batch_free(batch);
    test_free(large);
    end();
}

/* The text of a no is a courtesy. */
static void
without_memory_for_its_text_a_no_is_a_no(void **state)
{
    const struct peer_step step = {.expects = WRITE,
                                   .answers = "err busy: the lock\n"};

    (void)state;
    start(&step, 1, PATIENCE_MS);
    fake_heap_set(0);
    enum dipc_status status = write_it();
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(status, DIPC_BUSY);
    end();
}

static void
nobody_needs_to_know_why(void **state)
{
    const struct peer_step step = {.expects = WRITE READ};

    (void)state;
    start(&step, 1, PATIENCE_MS);
    struct dipc_batch *batch = dipc_batch_create();
    (void)dipc_batch_write(batch, 3, DIPC_REPLACE, DIPC_ANY_VERSION, "hello",
                           5);
    (void)dipc_batch_read(batch, 3, 0, DIPC_ANY_VERSION, data, sizeof data);
    assert_int_equal(dipc_batch_flush(batch, connection, NULL), DIPC_BROKEN);
    assert_int_equal(dipc_batch_result(batch, 0, NULL, NULL), DIPC_BROKEN);
    assert_int_equal(dipc_read(connection, 3, data, 8, NULL, NULL),
                     DIPC_BROKEN);
    dipc_batch_free(batch);
    end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_in_pieces_of_any_size_is_whole),
        cmocka_unit_test(a_read_cut_at_any_byte_is_broken),
        cmocka_unit_test(a_write_whose_answer_is_cut_is_unknown),
        cmocka_unit_test(no_answer_is_a_timeout),
        cmocka_unit_test(half_an_answer_is_a_timeout),
        cmocka_unit_test(a_write_that_was_not_taken_whole_is_not_unknown),
        cmocka_unit_test(noise_is_a_protocol_error),
        cmocka_unit_test(an_endless_line_is_a_protocol_error),
        cmocka_unit_test(a_write_answered_with_data_is_a_protocol_error),
        cmocka_unit_test(more_than_was_asked_for_loses_the_connection),
        cmocka_unit_test(a_no_leaves_the_connection_open),
        cmocka_unit_test(a_no_that_closes_ends_the_connection),
        cmocka_unit_test(a_farewell_is_passed_on),
        cmocka_unit_test(a_farewell_that_crosses_a_write_is_no_unknown),
        cmocka_unit_test(a_batch_cut_at_any_byte_keeps_what_was_answered),
        cmocka_unit_test(a_batch_ends_with_the_server),
        cmocka_unit_test(a_peer_that_closes_while_it_is_sent_to_breaks),
        cmocka_unit_test(without_memory_for_its_text_a_no_is_a_no),
        cmocka_unit_test(nobody_needs_to_know_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
