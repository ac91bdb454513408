/* Batches at a real server; how they fail is in test_libdipc_exchange.c. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "dipc.h"
#include "fake_heap.h"
#include "live_server.h"

#define PATIENCE_MS 30000
#define ANY DIPC_ANY_VERSION

static struct live_server live;
static struct dipc_connection *c;
static struct dipc_batch *batch;
static struct dipc_answer answer;
static struct dipc_error error;

static int
start(void **state)
{
    char port[8];

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    (void)snprintf(port, sizeof port, "%u", (unsigned)live.listener.port);
    batch = dipc_batch_create();
    return !batch || dipc_connect("localhost", port, PATIENCE_MS, &c, &error);
}

static int
end(void **state)
{
    (void)state;
    dipc_batch_free(batch);
    dipc_batch_free(NULL);
    dipc_close(c);
    return live_server_end(&live);
}

static void
results_stand_in_the_order_of_the_requests(void **state)
{
    char data[8];

    (void)state;
    dipc_batch_clear(batch);
    assert_int_equal(dipc_batch_write(batch, 0, DIPC_REPLACE, ANY, "ab", 2),
                     DIPC_OK);
    assert_int_equal(dipc_batch_write(batch, 9, DIPC_REPLACE, ANY, "x", 1),
                     DIPC_OK);
    assert_int_equal(dipc_batch_write(batch, 0, DIPC_REPLACE, 99, "x", 1),
                     DIPC_OK);
    assert_int_equal(dipc_batch_write(batch, 0, DIPC_END, 1, "c", 1), DIPC_OK);
    assert_int_equal(dipc_batch_read(batch, 0, 1, ANY, data, sizeof data),
                     DIPC_OK);
    assert_int_equal(dipc_batch_count(batch), 5);
    assert_int_equal(dipc_batch_result(batch, 0, &answer, &error),
                     DIPC_INVALID);
    assert_int_equal(dipc_batch_flush(batch, c, &error), DIPC_OK);

    assert_int_equal(dipc_batch_result(batch, 0, &answer, &error), DIPC_OK);
    assert_int_equal(answer.version, 1);
    assert_int_equal(answer.length, 2);
    assert_int_equal(dipc_batch_result(batch, 1, &answer, &error),
                     DIPC_NO_SUCH_MAILBOX);
    assert_int_equal(dipc_batch_result(batch, 2, &answer, &error),
                     DIPC_CONFLICT);
    assert_int_equal(error.version, 1);
    assert_int_equal(dipc_batch_result(batch, 3, &answer, &error), DIPC_OK);
    assert_int_equal(answer.version, 2);
    assert_int_equal(dipc_batch_result(batch, 4, &answer, &error), DIPC_OK);
    assert_int_equal(answer.length, 2);
    assert_memory_equal(data, "bc", 2);
    assert_int_equal(dipc_batch_result(batch, 5, &answer, &error),
                     DIPC_INVALID);
}

static void
waits_and_statistics_travel_too(void **state)
{
    struct dipc_statistics *of_server;
    struct dipc_statistics *of_mailbox;
    struct dipc_statistics *of_none;
    uint64_t figure = 0;
    char data[8];

    (void)state;
    dipc_batch_clear(batch);
    assert_int_equal(dipc_batch_wait(batch, 0, 99, 0, data, sizeof data),
                     DIPC_OK);
    assert_int_equal(dipc_batch_write(batch, 0, DIPC_REPLACE, ANY, "xy", 2),
                     DIPC_OK);
    assert_int_equal(
        dipc_batch_wait(batch, 0, 0, PATIENCE_MS, data, sizeof data), DIPC_OK);
    assert_int_equal(dipc_batch_stat(batch, DIPC_SERVER, &of_server), DIPC_OK);
    assert_int_equal(dipc_batch_stat(batch, 0, &of_mailbox), DIPC_OK);
    assert_int_equal(dipc_batch_stat(batch, 9999, &of_none), DIPC_OK);
    assert_int_equal(dipc_statistics_count(of_server), 0);
    assert_int_equal(dipc_batch_flush(batch, c, &error), DIPC_OK);

    assert_int_equal(dipc_batch_result(batch, 0, &answer, &error),
                     DIPC_NOTHING_NEWER);
    assert_int_equal(dipc_batch_result(batch, 2, &answer, &error), DIPC_OK);
    assert_int_equal(answer.version, 3); /* two were before */
    assert_int_equal(answer.length, 2);
    assert_memory_equal(data, "xy", 2);
    assert_int_equal(dipc_batch_result(batch, 3, NULL, &error), DIPC_OK);
    assert_true(dipc_statistics_number(of_server, "packet-bytes", &figure));
    assert_int_equal(figure, LIVE_PACKET_BYTES);
    assert_int_equal(dipc_batch_result(batch, 4, NULL, &error), DIPC_OK);
    assert_true(dipc_statistics_number(of_mailbox, "size", &figure));
    assert_int_equal(figure, 2);
    assert_int_equal(dipc_batch_result(batch, 5, NULL, &error),
                     DIPC_NO_SUCH_MAILBOX);
    assert_int_equal(dipc_statistics_count(of_none), 0);
    dipc_statistics_free(of_server);
    dipc_statistics_free(of_mailbox);
    dipc_statistics_free(of_none);
}

static void
a_batch_is_flushed_once(void **state)
{
    struct dipc_statistics *statistics;

    (void)state;
    dipc_batch_clear(batch);
    assert_int_equal(dipc_batch_write(batch, 1, DIPC_REPLACE, ANY, "x", 1),
                     DIPC_OK);
    assert_int_equal(dipc_batch_flush(batch, c, &error), DIPC_OK);
    assert_int_equal(dipc_batch_flush(batch, c, &error), DIPC_INVALID);
    assert_int_equal(dipc_batch_write(batch, 1, DIPC_REPLACE, ANY, "x", 1),
                     DIPC_INVALID);
    assert_int_equal(dipc_batch_read(batch, 1, 0, ANY, NULL, 0), DIPC_INVALID);
    assert_int_equal(dipc_batch_wait(batch, 1, 0, 0, NULL, 0), DIPC_INVALID);
    assert_int_equal(dipc_batch_stat(batch, 1, &statistics), DIPC_INVALID);
    assert_null(statistics);
    dipc_batch_clear(batch);
    assert_int_equal(dipc_batch_flush(batch, c, &error), DIPC_OK);
    assert_int_equal(dipc_batch_count(batch), 0);
    assert_int_equal(dipc_read(c, 1, NULL, 0, &answer, &error), DIPC_OK);
    assert_int_equal(answer.version, 1);
}

/* More, both ways, than all buffers on the way hold. */
static void
a_batch_larger_than_all_buffers_does_not_jam(void **state)
{
    enum { REQUESTS = 4000 };
    static char content[LIVE_PACKET_BYTES];
    static char read[REQUESTS][LIVE_PACKET_BYTES];

    (void)state;
    dipc_batch_clear(batch);
    memset(content, 'x', sizeof content);
    for (size_t i = 0; i < REQUESTS; i++) {
        content[0] = (char)i;
        assert_int_equal(dipc_batch_write(batch, 2, DIPC_REPLACE, i, content,
                                          sizeof content),
                         DIPC_OK);
        assert_int_equal(
            dipc_batch_read(batch, 2, 0, i + 1, read[i], sizeof read[i]),
            DIPC_OK);
    }
    assert_int_equal(dipc_batch_flush(batch, c, &error), DIPC_OK);
    for (size_t i = 0; i < REQUESTS; i++) {
        assert_int_equal(dipc_batch_result(batch, 2 * i, &answer, &error),
                         DIPC_OK);
        assert_int_equal(dipc_batch_result(batch, 2 * i + 1, &answer, &error),
                         DIPC_OK);
        content[0] = (char)i;
        assert_int_equal(answer.length, sizeof content);
        assert_memory_equal(read[i], content, sizeof content);
    }
}

static void
what_is_invalid_is_not_queued(void **state)
{
    (void)state;
    dipc_batch_clear(batch);
    assert_int_equal(dipc_batch_write(batch, 0, DIPC_END - 1, ANY, "x", 1),
                     DIPC_INVALID);
    assert_int_equal(dipc_batch_write(batch, 0, DIPC_REPLACE, ANY, NULL, 1),
                     DIPC_INVALID);
    assert_int_equal(dipc_batch_read(batch, 0, DIPC_END, ANY, NULL, 0),
                     DIPC_INVALID);
    assert_int_equal(dipc_batch_wait(batch, 0, 0, DIPC_FOREVER, NULL, 0),
                     DIPC_INVALID);
    assert_int_equal(dipc_batch_wait(batch, 0, ANY, 0, NULL, 0), DIPC_INVALID);
    assert_int_equal(
        dipc_batch_write(batch, 0, DIPC_REPLACE, ANY, "x", SIZE_MAX - 1),
        DIPC_NO_MEMORY);
    assert_int_equal(dipc_batch_count(batch), 0);
}

/* Each allocation that it makes fails once. */
static void
without_memory_a_batch_is_as_it_was(void **state)
{
    (void)state;
    for (long left = 0; left < 3; left++) {
        struct dipc_batch *small = dipc_batch_create();
        assert_non_null(small);
        fake_heap_set(left);
        enum dipc_status status =
            dipc_batch_write(small, 3, DIPC_REPLACE, ANY, "x", 1);
        fake_heap_set(FAKE_HEAP_ENDLESS);
        assert_int_equal(status, left < 2 ? DIPC_NO_MEMORY : DIPC_OK);
        assert_int_equal(dipc_batch_count(small), left < 2 ? 0 : 1);
        assert_int_equal(dipc_batch_flush(small, c, &error), DIPC_OK);
        dipc_batch_free(small);
    }
    assert_int_equal(dipc_read(c, 3, NULL, 0, &answer, &error), DIPC_OK);
    assert_int_equal(answer.version, 1);
}

static void
without_memory_no_statistics_are_asked_for(void **state)
{
    (void)state;
    for (long left = 0; left < 4; left++) {
        struct dipc_statistics *statistics;
        struct dipc_batch *small = dipc_batch_create();
        assert_non_null(small);
        fake_heap_set(left);
        enum dipc_status status = dipc_batch_stat(small, 3, &statistics);
        fake_heap_set(FAKE_HEAP_ENDLESS);
        assert_int_equal(status, left < 3 ? DIPC_NO_MEMORY : DIPC_OK);
        assert_int_equal(statistics == NULL, left < 3);
        assert_int_equal(dipc_batch_count(small), left < 3 ? 0 : 1);
        dipc_batch_free(small);
        dipc_statistics_free(statistics);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_stand_in_the_order_of_the_requests),
        cmocka_unit_test(waits_and_statistics_travel_too),
        cmocka_unit_test(a_batch_is_flushed_once),
        cmocka_unit_test(a_batch_larger_than_all_buffers_does_not_jam),
        cmocka_unit_test(what_is_invalid_is_not_queued),
        cmocka_unit_test(without_memory_a_batch_is_as_it_was),
        cmocka_unit_test(without_memory_no_statistics_are_asked_for),
    };

    return cmocka_run_group_tests(tests, start, end);
}
