/* Conversations of single clients, over the loopback. */

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "cmocka_all.h"
#include "fake_store.h"
#include "live_server.h"
#include "mailbox.h"
#include "protocol.h"
#include "session.h"

static void
requests_are_answered(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    int fd = live_server_connect(&live);
    live_server_say(fd, "w 3 5\nhellor 3\nw 3 6 if=7\nagain!q\n");
    live_server_expect(fd, "ok 0 version=1 size=5\n"
                           "ok 5 version=1 size=5\nhello"
                           "err conflict version=1: expected version 7\n"
                           "ok 0\n");
    assert_int_equal(live_server_drain(fd), 0);
    (void)close(fd);
    assert_int_equal(live_server_end(&live), 0);
}

static void
a_half_close_is_answered_to_the_end(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    int fd = live_server_connect(&live);
    int other = live_server_connect(&live);
    live_server_say(fd, "r 1\nr 0 after=0\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    live_server_expect(fd, "ok 0 version=0 size=0\n");
    live_server_await_watchers(&live, 0, 1);
    live_server_say(other, "w 0 3\nnew");
    live_server_expect(fd, "ok 3 version=1 size=3\nnew");
    assert_int_equal(live_server_drain(fd), 0);
    (void)close(fd);
    (void)close(other);
    assert_int_equal(live_server_end(&live), 0);
}

static void
reset_connection(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now),
                     0);
    (void)close(fd);
}

static void
a_reset_ends_a_wait(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    int stays = live_server_connect(&live);
    int goes = live_server_connect(&live);
    live_server_say(stays, "r 0 after=0\n");
    live_server_say(goes, "r 0 after=0\n");
    live_server_await_watchers(&live, 0, 2);
    reset_connection(goes);
    live_server_await_watchers(&live, 0, 1);
    live_server_await_clients(&live, 1);
    (void)close(stays);
    assert_int_equal(live_server_end(&live), 0);
}

/* In Redis's protocol a half-close is no request to be answered later. */
static void
who_leaves_in_redis_protocol_waits_no_longer(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.clients_max = 2;
    live_server_start(&live);
    for (int i = 0; i < 5; i++) {
        int closes = live_server_connect(&live);
        int half_closes = live_server_connect(&live);
        live_server_say(closes, "DIPC.WAIT 0 0 60000\r\n");
        live_server_say(half_closes, "PING\r\nDIPC.WAIT 0 0 60000\r\n");
        live_server_expect(half_closes, "+PONG\r\n");
        live_server_await_watchers(&live, 0, 2);
        (void)close(closes);
        live_server_await_watchers(&live, 0, 1);
        assert_int_equal(shutdown(half_closes, SHUT_WR), 0);
        assert_int_equal(live_server_drain(half_closes), 0);
        (void)close(half_closes);
        live_server_await_clients(&live, 0);
    }
    assert_int_equal(live_server_end(&live), 0);
}

/* The place, the seat and the descriptor that the reset freed are good. */
static void
after_a_reset_the_next_client_can_wait(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.clients_max = 1;
    live_server_start(&live);
    for (int i = 0; i < 50; i++) {
        int fd = live_server_connect(&live);
        live_server_say(fd, "r 0 after=0\n");
        live_server_await_watchers(&live, 0, 1);
        reset_connection(fd);
        live_server_await_clients(&live, 0);
    }
    int fd = live_server_connect(&live);
    live_server_say(fd, "r 0 after=0 wait=20\n");
    live_server_expect(fd, "err timeout: nothing newer than version 0 in "
                           "20 ms\n");
    (void)close(fd);
    assert_int_equal(live_server_end(&live), 0);
}

static void
a_client_that_never_reads_is_closed(void **state)
{
    /* Few answers of this size are more than the sockets hold. */
    enum { CONTENT_BYTES = 4000, REQUESTS = 1000 };
    char content[CONTENT_BYTES + 1] = "";
    char write[CONTENT_BYTES + 32];
    char requests[REQUESTS * 4 + 1] = "";
    struct live_server live;

    (void)state;
    memset(content, 'c', CONTENT_BYTES);
    for (int i = 0; i < REQUESTS; i++) {
        memcpy(requests + i * 4, "r 0\n", 4);
    }
    (void)snprintf(write, sizeof write, "w 0 %d\n%s", CONTENT_BYTES, content);
    live_server_init(&live);
    live.config.request_timeout_ns = 300 * CLOCK_NS_PER_MS;
    live_server_start(&live);
    int fd = live_server_connect(&live);
    int other = live_server_connect(&live);
    live_server_say(other, write);
    live_server_expect(other, "ok 0 version=1 size=4000\n");
    live_server_await_clients(&live, 2);
    /* Requests until nobody takes them any more, and then the end. */
    while (send(fd, requests, sizeof requests - 1, MSG_NOSIGNAL) > 0) {
        if (server_clients(live.server) == 1) {
            break;
        }
    }
    live_server_await_clients(&live, 1);
    live_server_say(other, "r 0\n");
    live_server_expect(other, "ok 4000 version=1 size=4000\n");
    live_server_expect(other, content);
    (void)close(fd);
    (void)close(other);
    assert_int_equal(live_server_end(&live), 0);
}

static void
an_idle_client_is_closed_in_time(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.idle_timeout_ns = 20 * CLOCK_NS_PER_MS;
    live_server_start(&live);
    int fd = live_server_connect(&live);
    live_server_expect(fd, "err timeout");
    (void)live_server_drain(fd);
    (void)close(fd);
    assert_int_equal(live_server_end(&live), 0);
}

static void
a_request_that_stalls_is_ended(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.request_timeout_ns = 20 * CLOCK_NS_PER_MS;
    live_server_start(&live);
    int fd = live_server_connect(&live);
    live_server_say(fd, "w 0 10\nhalf");
    live_server_expect(fd, "err bad-request");
    (void)live_server_drain(fd);
    (void)close(fd);
    fd = live_server_connect(&live);
    live_server_say(fd, "r 0\n");
    live_server_expect(fd, "ok 0 version=0 size=0\n");
    (void)close(fd);
    assert_int_equal(live_server_end(&live), 0);
}

/* The stalled client comes first: nobody waits for it. */
static void
a_stalled_write_delays_nobody(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    int stalled = live_server_connect(&live);
    live_server_say(stalled, "w 0 4096\nthe first of them");
    int fd = live_server_connect(&live);
    for (int i = 0; i < 100; i++) {
        char expected[96];
        live_server_say(fd, "w 0 3\nnewr 0\n");
        (void)snprintf(expected, sizeof expected,
                       "ok 0 version=%d size=3\nok 3 version=%d size=3\nnew",
                       i + 1, i + 1);
        live_server_expect(fd, expected);
    }
    (void)close(stalled);
    (void)close(fd);
    assert_int_equal(live_server_end(&live), 0);
}

/* The gap is timed exactly, and not in steps of the time to rest. */
static void
data_without_a_length_ends_at_the_gap(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.gap_ns = 10 * CLOCK_NS_PER_MS;
    live_server_start(&live);
    int fd = live_server_connect(&live);
    uint64_t began_ns = clock_now_ns(NULL);
    for (int i = 0; i < 40; i += 2) {
        char expected[64];
        live_server_say(fd, "w 3\nsome text");
        (void)snprintf(expected, sizeof expected, "ok 0 version=%d size=9\n",
                       i / 2 + 1);
        live_server_expect(fd, expected);
        live_server_say(fd, "r 3");
        (void)snprintf(expected, sizeof expected,
                       "ok 9 version=%d size=9\nsome text", i / 2 + 1);
        live_server_expect(fd, expected);
    }
    assert_true(clock_now_ns(NULL) - began_ns < 40 * CLIENT_REST_NS / 2);
    (void)close(fd);
    assert_int_equal(live_server_end(&live), 0);
}

static int
refuse_to_open(struct store_source *source, uint32_t hint, struct store **store)
{
    (void)source;
    (void)hint;
    (void)store;
    return EAGAIN;
}

static void
without_a_seat_the_client_is_told_busy(void **state)
{
    static const char *const said[] = {"", "r 3\n", "PING\r\n"};
    const struct store_source_ops ops = {.open = refuse_to_open};
    struct store_source source = {.ops = &ops};
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.source = &source;
    live_server_start(&live);
    for (int i = 0; i < 3; i++) {
        int fd = live_server_connect(&live);
        live_server_say(fd, said[i]);
        live_server_expect(
            fd, protocol_refusal(i < 2 ? PROTOCOL_DIPC : PROTOCOL_RESP));
        assert_int_equal(live_server_drain(fd), 0);
        (void)close(fd);
    }
    assert_int_equal(live_server_end(&live), 0);
}

/* A source of one store, which a test has spoilt. */
struct faulty_source {
    struct store_source source; /* first: the source is this */
    struct fake_store *fake;
};

static int
open_faulty(struct store_source *source, uint32_t hint, struct store **store)
{
    (void)hint;
    *store = &((struct faulty_source *)source)->fake->store;
    return 0;
}

static void
leave_alone(struct store_source *source, struct store *store)
{
    (void)source;
    (void)store;
}

static void
expect_in_file(const char *path, const char *text)
{
    char content[4096];
    FILE *stream = fopen(path, "r");

    assert_non_null(stream);
    content[fread(content, 1, sizeof content - 1, stream)] = '\0';
    (void)fclose(stream);
    assert_non_null(strstr(content, text));
}

static void
a_fault_is_described_in_the_log(void **state)
{
    const struct store_source_ops ops = {
        .open = open_faulty, .close = leave_alone, .cancel = leave_alone};
    struct fake_store *fake = calloc(1, sizeof *fake);
    struct faulty_source source = {.source = {.ops = &ops}, .fake = fake};
    struct live_server live;
    struct log log;
    struct complaint complaint;
    char path[] = "/tmp/dipc-test-client-XXXXXX";

    (void)state;
    (void)close(mkstemp(path));
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    fake_store_init(fake, 16);
    fake->read_error = EIO;
    live_server_init(&live);
    live.config.source = &source.source;
    live.config.log = &log;
    live_server_start(&live);
    int fd = live_server_connect(&live);
    live_server_say(fd, "r 0\n");
    live_server_expect(fd, "err internal: a fault in the server; its log tells "
                           "more\n");
    assert_int_equal(live_server_drain(fd), 0);
    (void)close(fd);
    assert_int_equal(live_server_end(&live), 0);
    expect_in_file(path, "error: client 1 from 127.0.0.1:");
    expect_in_file(path, "internal fault: Input/output error");
    log_fini(&log);
    (void)unlink(path);
    free(fake);
}

static void
await_queue(struct live_server *live, struct rwlock *lock, uint32_t count)
{
    const uint64_t end_ns =
        clock_now_ns(NULL) + LIVE_PATIENCE_S * CLOCK_NS_PER_S;

    while (rwlock_count(&live->segment.seats, lock).waiting != count) {
        assert_true(clock_now_ns(NULL) < end_ns);
        (void)sched_yield();
    }
}

static void
read_twice(int fd, uint32_t mailbox)
{
    char requests[32];

    (void)snprintf(requests, sizeof requests, "r %u\nr %u\n", mailbox, mailbox);
    live_server_say(fd, requests);
    live_server_expect(fd, "ok 0 version=0 size=0\nok 0 version=0 size=0\n");
}

/*
 * There is one permit, and who has it waits for a mailbox: another is made to
 * wait for it, and is not made to wait for ever.
 */
static void
who_waits_for_a_mailbox_holds_no_pipeline_up(void **state)
{
    struct live_server live;
    uint32_t seat = SEAT_NONE;

    (void)state;
    live_server_init(&live);
    live.config.concurrency = 1;
    live_server_start(&live);
    struct rwlock *lock = &segment_mailbox(&live.segment, 0)->lock;
    int waits = live_server_connect(&live);
    int goes_on = live_server_connect(&live);
    read_twice(waits, 1);
    read_twice(goes_on, 2);
    assert_int_equal(segment_sit(&live.segment, 8, &seat), 0);
    assert_int_equal(rwlock_wrlock(&live.segment.seats, lock, seat, NULL), 0);
    live_server_say(waits, "r 0\nr 0\n");
    await_queue(&live, lock, 1);
    const uint64_t begun_ns = clock_now_ns(NULL);
    read_twice(goes_on, 2);
    assert_true(clock_now_ns(NULL) >= begun_ns + PERMITS_PATIENCE_NS);
    read_twice(goes_on, 2);
    rwlock_unlock(&live.segment.seats, lock, seat);
    segment_stand(&live.segment, seat);
    live_server_expect(waits, "ok 0 version=0 size=0\nok 0 version=0 size=0\n");
    (void)close(waits);
    (void)close(goes_on);
    assert_int_equal(live_server_end(&live), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(a_half_close_is_answered_to_the_end),
        cmocka_unit_test(a_reset_ends_a_wait),
        cmocka_unit_test(who_leaves_in_redis_protocol_waits_no_longer),
        cmocka_unit_test(after_a_reset_the_next_client_can_wait),
        cmocka_unit_test(a_client_that_never_reads_is_closed),
        cmocka_unit_test(an_idle_client_is_closed_in_time),
        cmocka_unit_test(a_request_that_stalls_is_ended),
        cmocka_unit_test(a_stalled_write_delays_nobody),
        cmocka_unit_test(data_without_a_length_ends_at_the_gap),
        cmocka_unit_test(without_a_seat_the_client_is_told_busy),
        cmocka_unit_test(a_fault_is_described_in_the_log),
        cmocka_unit_test(who_waits_for_a_mailbox_holds_no_pipeline_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
