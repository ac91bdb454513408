/* Reading, writing and waiting at a real server. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "dipc.h"
#include "fake_heap.h"
#include "fake_peer.h"
#include "live_server.h"

#define PATIENCE_MS 30000
#define PACKET LIVE_PACKET_BYTES
#define MAILBOX LIVE_MAILBOX_BYTES

static struct live_server live;
static struct dipc_connection *c;
static struct dipc_answer answer;
static struct dipc_error error;
static char data[2 * MAILBOX];
static char pattern[2 * MAILBOX];

static struct dipc_connection *
connect_to(const struct live_server *server)
{
    struct dipc_connection *made;
    char port[8];

    (void)snprintf(port, sizeof port, "%u", (unsigned)server->listener.port);
    assert_int_equal(
        dipc_connect("localhost", port, PATIENCE_MS, &made, &error), DIPC_OK);
    return made;
}

static int
start(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (char)(i * 7 + i / 251);
    }
    live_server_init(&live);
    live_server_start(&live);
    c = connect_to(&live);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    dipc_close(c);
    return live_server_end(&live);
}

static void
what_is_written_is_read(void **state)
{
    (void)state;
    assert_int_equal(dipc_read(c, 1, data, sizeof data, &answer, &error),
                     DIPC_OK);
    assert_int_equal(answer.version, 0);
    assert_int_equal(answer.length, 0);
    assert_int_equal(dipc_write(c, 1, "he\0lo", 5, &answer, &error), DIPC_OK);
    assert_int_equal(answer.version, 1);
    assert_int_equal(answer.size, 5);
    assert_int_equal(answer.length, 5);
    assert_int_equal(dipc_append(c, 1, "!", 1, &answer, &error), DIPC_OK);
    assert_int_equal(answer.size, 6);
    assert_int_equal(dipc_write_at(c, 1, 8, 2, "x", 1, &answer, &error),
                     DIPC_OK);
    assert_int_equal(answer.version, 3);
    assert_int_equal(dipc_read(c, 1, data, sizeof data, &answer, &error),
                     DIPC_OK);
    assert_int_equal(answer.length, 9);
    assert_memory_equal(data, "he\0lo!\0\0x", 9);
    assert_int_equal(dipc_write(c, 1, NULL, 0, &answer, &error), DIPC_OK);
    assert_int_equal(answer.size, 0);
    assert_int_equal(dipc_ping(c, &error), DIPC_OK);
}

static void
a_part_is_read_from_an_offset(void **state)
{
    (void)state;
    assert_int_equal(dipc_write(c, 1, "0123456789", 10, &answer, &error),
                     DIPC_OK);
    assert_int_equal(
        dipc_read_at(c, 1, 4, answer.version, data, 3, &answer, &error),
        DIPC_OK);
    assert_int_equal(answer.length, 3);
    assert_int_equal(answer.size, 10);
    assert_memory_equal(data, "456", 3);
    assert_int_equal(
        dipc_read_at(c, 1, 99, DIPC_ANY_VERSION, data, 3, &answer, &error),
        DIPC_OK);
    assert_int_equal(answer.length, 0);
    assert_int_equal(dipc_read(c, 1, NULL, 0, &answer, &error), DIPC_OK);
    assert_int_equal(answer.size, 10);
    assert_int_equal(
        dipc_read_at(c, 1, 0, answer.version + 1, data, 3, &answer, &error),
        DIPC_CONFLICT);
}

static void
compare_and_swap_tells_the_current_version(void **state)
{
    (void)state;
    assert_int_equal(dipc_write(c, 1, "a", 1, &answer, &error), DIPC_OK);
    const uint64_t version = answer.version;
    assert_int_equal(
        dipc_compare_and_swap(c, 1, version, "b", 1, &answer, &error), DIPC_OK);
    assert_int_equal(
        dipc_compare_and_swap(c, 1, version, "c", 1, &answer, &error),
        DIPC_CONFLICT);
    assert_int_equal(error.version, version + 1);
    assert_false(error.is_unknown);
    assert_int_equal(
        dipc_compare_and_swap(c, 1, error.version, "c", 1, &answer, NULL),
        DIPC_OK);
}

static void
what_the_server_refuses_is_told(void **state)
{
    (void)state;
    assert_int_equal(dipc_read(c, LIVE_MAILBOXES, data, 1, &answer, &error),
                     DIPC_NO_SUCH_MAILBOX);
    assert_int_equal(dipc_write(c, UINT32_MAX, "x", 1, &answer, &error),
                     DIPC_NO_SUCH_MAILBOX);
    assert_int_equal(dipc_write(c, 1, pattern, PACKET + 1, &answer, &error),
                     DIPC_TOO_LARGE);
    assert_int_equal(
        dipc_write_at(c, 1, MAILBOX, DIPC_ANY_VERSION, "x", 1, &answer, &error),
        DIPC_TOO_LARGE);
    assert_int_equal(dipc_read(c, 1, NULL, 1, &answer, &error), DIPC_INVALID);
    assert_int_equal(dipc_wait(c, 1, 0, -2, NULL, 0, &answer, &error),
                     DIPC_INVALID);
    assert_int_equal(dipc_ping(c, &error), DIPC_OK);
}

/* Beyond what the server would read and drop: it is not even sent. */
static void
a_huge_write_is_refused_here(void **state)
{
    const size_t length = (size_t)17 << 20;
    char *huge = test_calloc(1, length);

    (void)state;
    assert_int_equal(dipc_write(c, 1, huge, length, &answer, &error),
                     DIPC_TOO_LARGE);
    assert_non_null(strstr(error.message, "a packet of 4096 bytes"));
    assert_int_equal(dipc_ping(c, &error), DIPC_OK);
    test_free(huge);
}

static void
pieces_write_what_no_packet_holds(void **state)
{
    static const size_t lengths[] = {
        0, 1, PACKET, PACKET + 1, 2 * PACKET - 1, MAILBOX};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        void *whole = NULL;
        assert_int_equal(dipc_write(c, 2, "before", 6, &answer, &error),
                         DIPC_OK);
        const uint64_t before = answer.version;
        assert_int_equal(dipc_write_pieces(c, 2, DIPC_REPLACE, before, pattern,
                                           lengths[i], &answer, &error),
                         DIPC_OK);
        assert_int_equal(answer.length, lengths[i]);
        assert_int_equal(answer.size, lengths[i]);
        const size_t pieces =
            lengths[i] > 0 ? (lengths[i] + PACKET - 1) / PACKET : 1;
        assert_int_equal(answer.version, before + pieces);
        assert_int_equal(dipc_read_whole(c, 2, &whole, &answer, &error),
                         DIPC_OK);
        assert_int_equal(answer.length, lengths[i]);
        assert_memory_equal(whole, pattern, lengths[i]);
        assert_int_equal(((char *)whole)[lengths[i]], '\0');
        free(whole);
    }
}

static void
pieces_go_to_an_offset_and_to_the_end(void **state)
{
    void *whole = NULL;

    (void)state;
    assert_int_equal(dipc_write(c, 2, "0123", 4, &answer, &error), DIPC_OK);
    assert_int_equal(dipc_write_pieces(c, 2, 2, DIPC_ANY_VERSION, pattern,
                                       PACKET + 5, &answer, &error),
                     DIPC_OK);
    assert_int_equal(answer.size, PACKET + 7);
    assert_int_equal(dipc_write_pieces(c, 2, DIPC_END, answer.version, "end", 3,
                                       &answer, &error),
                     DIPC_OK);
    assert_int_equal(dipc_read_whole(c, 2, &whole, NULL, &error), DIPC_OK);
    assert_memory_equal(whole, "01", 2);
    assert_memory_equal((char *)whole + 2, pattern, PACKET + 5);
    assert_string_equal((char *)whole + PACKET + 7, "end");
    free(whole);
}

/* What was written before the failure stays, and is told. */
static void
pieces_that_fail_tell_how_far_they_came(void **state)
{
    (void)state;
    assert_int_equal(dipc_write_pieces(c, 2, DIPC_REPLACE, DIPC_ANY_VERSION,
                                       pattern, MAILBOX + 1, &answer, &error),
                     DIPC_TOO_LARGE);
    assert_int_equal(answer.length, MAILBOX);
    const uint64_t version = answer.version;
    assert_int_equal(dipc_read(c, 2, NULL, 0, &answer, &error), DIPC_OK);
    assert_int_equal(answer.version, version);
    assert_int_equal(answer.size, MAILBOX);
    assert_int_equal(dipc_write_pieces(c, 2, DIPC_REPLACE, version - 1, pattern,
                                       MAILBOX, &answer, &error),
                     DIPC_CONFLICT);
    assert_int_equal(error.version, version);
    assert_int_equal(answer.length, 0);
}

/* A server that writes between two pieces. */
static void
pieces_notice_whoever_comes_between(void **state)
{
    const struct peer_step steps[] = {
        {.expects = "s\n", .answers = "ok 15\npacket-bytes 2\n"},
        {.expects = "w 3 2\nab", .answers = "ok 0 version=7 size=2\n"},
        {.expects = "w 3 2 at=end if=7\ncd",
         .answers = "err conflict version=9: expected version 7\n"},
    };
    struct fake_peer peer;
    struct dipc_connection *other;

    (void)state;
    fake_peer_start(&peer, steps, 3);
    assert_int_equal(dipc_connect_unix(peer.path, PATIENCE_MS, &other, &error),
                     DIPC_OK);
    assert_int_equal(dipc_write_pieces(other, 3, DIPC_REPLACE, DIPC_ANY_VERSION,
                                       "abcde", 5, &answer, &error),
                     DIPC_CONFLICT);
    assert_int_equal(answer.length, 2);
    assert_int_equal(answer.version, 7);
    assert_int_equal(error.version, 9);
    dipc_close(other);
    fake_peer_end(&peer);
}

/* The content changes between the first part and the second: once more. */
static void
a_whole_read_is_of_one_version(void **state)
{
    static char first[4200];
    void *whole = NULL;
    struct fake_peer peer;
    struct dipc_connection *other;

    (void)state;
    int used = snprintf(first, sizeof first, "ok 4096 version=1 size=4100\n");
    memset(first + used, 'a', 4096);
    const struct peer_step steps[] = {
        {.expects = "r 3 max=4096\n", .answers = first},
        {.expects = "r 3 at=4096 max=4 if=1\n",
         .answers = "err conflict version=2\n"},
        {.expects = "r 3 max=4096\n", .answers = "ok 3 version=2 size=3\nnew"},
    };
    fake_peer_start(&peer, steps, 3);
    assert_int_equal(dipc_connect_unix(peer.path, PATIENCE_MS, &other, &error),
                     DIPC_OK);
    assert_int_equal(dipc_read_whole(other, 3, &whole, &answer, &error),
                     DIPC_OK);
    assert_string_equal(whole, "new");
    assert_int_equal(answer.version, 2);
    free(whole);
    dipc_close(other);
    fake_peer_end(&peer);
}

static void
a_content_that_no_memory_holds_is_refused(void **state)
{
    const struct peer_step step = {
        .expects = "r 3 max=4096\n",
        .answers = "ok 1 version=1 size=9223372036854775807\nx",
        .end = PEER_STAYS_SILENT};
    void *whole = &whole;
    struct fake_peer peer;
    struct dipc_connection *other;

    (void)state;
    fake_peer_start(&peer, &step, 1);
    assert_int_equal(dipc_connect_unix(peer.path, PATIENCE_MS, &other, &error),
                     DIPC_OK);
    assert_int_equal(dipc_read_whole(other, 3, &whole, &answer, &error),
                     DIPC_NO_MEMORY);
    assert_null(whole);
    assert_true(dipc_is_connected(other));
    dipc_close(other);
    fake_peer_end(&peer);
}

static void
a_server_that_holds_bytes_back_is_none(void **state)
{
    const struct peer_step steps[] = {
        {.expects = "r 3 max=4096\n", .answers = "ok 1 version=1 size=2\nx"},
        {.expects = "r 3 at=1 max=1 if=1\n",
         .answers = "ok 0 version=1 size=2\n"},
    };
    void *whole = NULL;
    struct fake_peer peer;
    struct dipc_connection *other;

    (void)state;
    fake_peer_start(&peer, steps, 2);
    assert_int_equal(dipc_connect_unix(peer.path, PATIENCE_MS, &other, &error),
                     DIPC_OK);
    assert_int_equal(dipc_read_whole(other, 3, &whole, &answer, &error),
                     DIPC_PROTOCOL);
    assert_false(dipc_is_connected(other));
    dipc_close(other);
    fake_peer_end(&peer);
}

static void *
write_when_watched(void *argument)
{
    struct dipc_connection *writer = argument;

    live_server_await_watchers(&live, 3, 1);
    (void)dipc_write(writer, 3, "news", 4, NULL, NULL);
    return NULL;
}

static void
whoever_waits_sees_the_next_version(void **state)
{
    struct dipc_connection *writer = connect_to(&live);
    pthread_t thread;

    (void)state;
    assert_int_equal(dipc_read(c, 3, NULL, 0, &answer, &error), DIPC_OK);
    const uint64_t version = answer.version;
    assert_int_equal(pthread_create(&thread, NULL, write_when_watched, writer),
                     0);
    assert_int_equal(dipc_wait(c, 3, version, DIPC_FOREVER, data, sizeof data,
                               &answer, &error),
                     DIPC_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(answer.version, version + 1);
    assert_memory_equal(data, "news", 4);
    dipc_close(writer);
}

static void
nothing_newer_is_told_and_the_connection_goes_on(void **state)
{
    static const int waits_ms[] = {0, 20};

    (void)state;
    assert_int_equal(dipc_read(c, 3, NULL, 0, &answer, &error), DIPC_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dipc_wait(c, 3, answer.version, waits_ms[i], data,
                                   sizeof data, NULL, &error),
                         DIPC_NOTHING_NEWER);
        assert_int_equal(dipc_ping(c, &error), DIPC_OK);
    }
}

/* The server's limit is shorter than the wait: it is asked again. */
static void
the_servers_own_limit_does_not_show(void **state)
{
    struct live_server hasty;

    (void)state;
    live_server_init(&hasty);
    hasty.config.wait_max_ns = CLOCK_NS_PER_MS;
    live_server_start(&hasty);
    struct dipc_connection *waiter = connect_to(&hasty);
    uint64_t timeouts = 0;
    struct dipc_statistics *statistics;
    assert_int_equal(dipc_wait(waiter, 3, 0, 150, NULL, 0, &answer, &error),
                     DIPC_NOTHING_NEWER);
    assert_int_equal(dipc_stat(waiter, DIPC_SERVER, &statistics, &error),
                     DIPC_OK);
    assert_true(dipc_statistics_number(statistics, "timeouts", &timeouts));
    assert_true(timeouts >= 2);
    dipc_statistics_free(statistics);
    dipc_close(waiter);
    assert_int_equal(live_server_end(&hasty), 0);
}

static void
without_memory_nothing_is_sent(void **state)
{
    void *whole;
    struct dipc_statistics *statistics;

    (void)state;
    fake_heap_set(0);
    enum dipc_status reading = dipc_read_whole(c, 1, &whole, NULL, &error);
    enum dipc_status asking = dipc_stat(c, 1, &statistics, NULL);
    struct dipc_batch *batch = dipc_batch_create();
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(reading, DIPC_NO_MEMORY);
    assert_int_equal(asking, DIPC_NO_MEMORY);
    assert_null(batch);
    assert_int_equal(dipc_ping(c, &error), DIPC_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_part_is_read_from_an_offset),
        cmocka_unit_test(compare_and_swap_tells_the_current_version),
        cmocka_unit_test(what_the_server_refuses_is_told),
        cmocka_unit_test(a_huge_write_is_refused_here),
        cmocka_unit_test(pieces_write_what_no_packet_holds),
        cmocka_unit_test(pieces_go_to_an_offset_and_to_the_end),
        cmocka_unit_test(pieces_that_fail_tell_how_far_they_came),
        cmocka_unit_test(pieces_notice_whoever_comes_between),
        cmocka_unit_test(a_whole_read_is_of_one_version),
        cmocka_unit_test(a_content_that_no_memory_holds_is_refused),
        cmocka_unit_test(a_server_that_holds_bytes_back_is_none),
        cmocka_unit_test(whoever_waits_sees_the_next_version),
        cmocka_unit_test(nothing_newer_is_told_and_the_connection_goes_on),
        cmocka_unit_test(the_servers_own_limit_does_not_show),
        cmocka_unit_test(without_memory_nothing_is_sent),
    };

    return cmocka_run_group_tests(tests, start, end);
}
