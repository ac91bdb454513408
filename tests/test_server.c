/* Who is let in, who is not, and how a server ends; over the loopback. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "live_server.h"
#include "protocol.h"
#include "session.h"

static void
one_more_than_the_limit_is_told_busy(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.clients_max = 2;
    live_server_start(&live);
    int first = live_server_connect(&live);
    int second = live_server_connect(&live);
    live_server_await_clients(&live, 2);
    int third = live_server_connect(&live);
    live_server_expect(third, protocol_refusal(PROTOCOL_DIPC));
    assert_int_equal(live_server_drain(third), 0);
    live_server_say(second, "r 0\n");
    live_server_expect(second, "ok 0 version=0 size=0\n");
    (void)close(first);
    (void)close(second);
    (void)close(third);
    assert_int_equal(live_server_end(&live), 0);
}

/* Its place is free before the client learns that its connection ends. */
static void
a_place_is_free_once_its_client_knows(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.clients_max = 1;
    live_server_start(&live);
    for (int i = 0; i < 200; i++) {
        int fd = live_server_connect(&live);
        live_server_say(fd, "q\n");
        live_server_expect(fd, "ok 0\n");
        assert_int_equal(live_server_drain(fd), 0);
        (void)close(fd);
    }
    assert_int_equal(live_server_end(&live), 0);
}

static void
send_much(int fd, size_t bytes)
{
    static char text[1 << 16];
    size_t sent = 0;

    memset(text, 'x', sizeof text);
    while (sent < bytes) {
        ssize_t more = send(fd, text, sizeof text, MSG_NOSIGNAL);
        assert_true(more > 0);
        sent += (size_t)more;
    }
}

/* A reset would destroy the answer that has not been read yet. */
static void
an_answer_survives_what_nobody_read(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    for (int i = 0; i < 20; i++) {
        int fd = live_server_connect(&live);
        live_server_say(fd, "w x 9\n");
        send_much(fd, (size_t)8 << 20);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        live_server_expect(fd, "err bad-request");
        (void)live_server_drain(fd);
        (void)close(fd);
    }
    assert_int_equal(live_server_end(&live), 0);
}

static void
a_refusal_survives_what_nobody_read(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live.config.clients_max = 1;
    live_server_start(&live);
    int first = live_server_connect(&live);
    live_server_await_clients(&live, 1);
    for (int i = 0; i < 20; i++) {
        int fd = live_server_connect(&live);
        live_server_say(fd, "w 0 100000\n");
        send_much(fd, (size_t)1 << 20);
        live_server_expect(fd, protocol_refusal(PROTOCOL_DIPC));
        assert_int_equal(live_server_drain(fd), 0);
        (void)close(fd);
    }
    (void)close(first);
    assert_int_equal(live_server_end(&live), 0);
}

static void
stopping_tells_those_whose_request_is_under_way(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    int waits = live_server_connect(&live);
    int stalls = live_server_connect(&live);
    int idles = live_server_connect(&live);
    live_server_say(waits, "r 0 after=0\n");
    live_server_say(stalls, "r 1\nw 0 100\nhalf");
    live_server_expect(stalls, "ok 0 version=0 size=0\n");
    live_server_await_watchers(&live, 0, 1);
    live_server_await_clients(&live, 3);
    server_stop(live.server);
    live_server_expect(waits, "err shutting-down");
    live_server_expect(stalls, "err shutting-down");
    assert_int_equal(live_server_drain(idles), 0);
    (void)live_server_drain(waits);
    (void)live_server_drain(stalls);
    (void)close(waits);
    (void)close(stalls);
    (void)close(idles);
    assert_int_equal(live_server_end(&live), 0);
}

/* Clients of every kind, none of which closes its connection. */
static void
stopping_takes_a_bounded_time(void **state)
{
    struct live_server live;
    int fds[64];

    (void)state;
    live_server_init(&live);
    live.config.clients_max = 64;
    live_server_start(&live);
    for (int i = 0; i < 64; i++) {
        static const char *const said[] = {"r 0 after=0\n", "w 0 99\nhalf",
                                           "r 0\n", ""};
        fds[i] = live_server_connect(&live);
        live_server_say(fds[i], said[i % 4]);
    }
    live_server_await_watchers(&live, 0, 16);
    live_server_await_clients(&live, 64);
    uint64_t began_ns = clock_now_ns(NULL);
    assert_int_equal(live_server_end(&live), 0);
    uint64_t took_ms = (clock_now_ns(NULL) - began_ns) / CLOCK_NS_PER_MS;
    print_message("64 clients that close nothing: ended in %llu ms\n",
                  (unsigned long long)took_ms);
    assert_true(took_ms < 3000);
    for (int i = 0; i < 64; i++) {
        (void)close(fds[i]);
    }
}

/* It sends until nobody takes it any more: the server is stuck in its send. */
static int
connect_and_never_read(const struct live_server *live)
{
    const struct timeval soon = {.tv_usec = 200000};
    int fd = live_server_connect(live);

    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), 0);
    live_server_say(fd, "w 0 4\nfull");
    while (send(fd, "r 0\nr 0\nr 0\nr 0\n", 16, MSG_NOSIGNAL) > 0) {
        continue;
    }
    return fd;
}

static void
a_client_that_never_reads_does_not_delay_the_end(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    int fd = connect_and_never_read(&live);
    uint64_t began_ns = clock_now_ns(NULL);
    assert_int_equal(live_server_end(&live), 0);
    assert_true(clock_now_ns(NULL) - began_ns < 3 * CLOCK_NS_PER_S);
    (void)close(fd);
}

/* Take descriptors until none is left, then give so many back. */
static size_t
take_descriptors(int *taken, size_t room, size_t leave)
{
    size_t count = 0;

    while (count < room) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            break;
        }
        taken[count++] = fd;
    }
    assert_true(count < room);
    for (; leave > 0; leave--) {
        (void)close(taken[--count]);
    }
    return count;
}

/*
 * Enough is left for the client's own end and one more; the server's spare is
 * what the newcomer is answered through.
 */
static void
without_descriptors_the_newcomer_is_told_busy(void **state)
{
    struct live_server live;
    struct rlimit before;
    struct rlimit few;
    static int taken[256];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 128;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    live_server_init(&live);
    live_server_start(&live);
    int first = live_server_connect(&live);
    live_server_say(first, "r 0\n");
    live_server_expect(first, "ok 0 version=0 size=0\n");
    size_t count = take_descriptors(taken, 256, 1);
    int refused = -1;
    for (int i = 0; i < 5; i++) {
        refused = live_server_connect(&live);
        live_server_expect(refused, protocol_refusal(PROTOCOL_DIPC));
        assert_int_equal(live_server_drain(refused), 0);
        (void)close(refused);
    }
    live_server_say(first, "w 0 1\nx");
    live_server_expect(first, "ok 0 version=1 size=1\n");
    while (count > 0) {
        (void)close(taken[--count]);
    }
    int next = live_server_connect(&live);
    live_server_say(next, "r 0\n");
    live_server_expect(next, "ok 1 version=1 size=1\nx");
    (void)close(first);
    (void)close(next);
    assert_int_equal(live_server_end(&live), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/*
 * The first newcomer is answered through the spare and keeps it; the second
 * waits, and is served or refused as soon as there is a descriptor.
 */
static void
without_any_descriptor_the_newcomer_waits(void **state)
{
    struct live_server live;
    struct rlimit before;
    struct rlimit few;
    static int taken[256];
    char answer[3] = "";

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 128;
    live_server_init(&live);
    live_server_start(&live);
    int first = live_server_connect(&live);
    live_server_say(first, "r 0\n");
    live_server_expect(first, "ok 0 version=0 size=0\n");
    int told = live_server_socket();
    int waits = live_server_socket();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    size_t count = take_descriptors(taken, 256, 0);
    live_server_connect_socket(&live, told);
    live_server_expect(told, protocol_refusal(PROTOCOL_DIPC));
    live_server_connect_socket(&live, waits);
    live_server_say(waits, "q\n");
    live_server_say(first, "w 0 1\nx");
    live_server_expect(first, "ok 0 version=1 size=1\n");
    while (count > 0) {
        (void)close(taken[--count]);
    }
    assert_int_equal(recv(waits, answer, 2, MSG_WAITALL), 2);
    (void)live_server_drain(waits);
    int next = live_server_connect(&live);
    live_server_say(next, "r 0\n");
    live_server_expect(next, "ok 1 version=1 size=1\nx");
    (void)close(told);
    (void)close(first);
    (void)close(waits);
    (void)close(next);
    assert_int_equal(live_server_end(&live), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* For servers that never run. */
static void
listen_only(struct live_server *live)
{
    struct complaint complaint;

    live_server_init(live);
    assert_int_equal(
        listener_open(&live->listener, NULL, 0, LISTENER_ANY_PORT, &complaint),
        0);
    live->config.listener = &live->listener;
    live->config.source = &live->source.source;
}

static void
a_server_that_never_ran_can_be_destroyed(void **state)
{
    struct live_server live;

    (void)state;
    listen_only(&live);
    assert_int_equal(server_create(&live.config, &live.server), 0);
    server_destroy(live.server);
    listener_close(&live.listener);
}

static void
two_servers_live_in_one_process(void **state)
{
    struct live_server a;
    struct live_server b;

    (void)state;
    live_server_init(&a);
    live_server_init(&b);
    live_server_start(&a);
    live_server_start(&b);
    int to_a = live_server_connect(&a);
    int to_b = live_server_connect(&b);
    live_server_say(to_a, "w 0 1\na");
    live_server_expect(to_a, "ok 0 version=1 size=1\n");
    live_server_say(to_b, "r 0\n");
    live_server_expect(to_b, "ok 0 version=0 size=0\n");
    assert_int_equal(live_server_end(&a), 0);
    live_server_say(to_b, "r 1\n");
    live_server_expect(to_b, "ok 0 version=0 size=0\n");
    assert_int_equal(live_server_end(&b), 0);
    (void)close(to_a);
    (void)close(to_b);
}

static void
a_server_that_cannot_be_made_leaves_nothing_open(void **state)
{
    struct live_server live;
    const char *failed = "";

    (void)state;
    listen_only(&live);
    for (long n = 1; failed != NULL; n++) {
        struct server *server = NULL;
        int before = fake_calls_descriptors();

        assert_true(n < 100);
        fake_calls_fail(NULL, n, ENOMEM);
        int error = server_create(&live.config, &server);
        failed = fake_calls_failed();
        assert_true(error == 0 || failed != NULL);
        if (error == 0) {
            server_destroy(server);
        }
        assert_int_equal(fake_calls_descriptors(), before);
    }
    listener_close(&live.listener);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_more_than_the_limit_is_told_busy),
        cmocka_unit_test(a_place_is_free_once_its_client_knows),
        cmocka_unit_test(an_answer_survives_what_nobody_read),
        cmocka_unit_test(a_refusal_survives_what_nobody_read),
        cmocka_unit_test(stopping_tells_those_whose_request_is_under_way),
        cmocka_unit_test(stopping_takes_a_bounded_time),
        cmocka_unit_test(a_client_that_never_reads_does_not_delay_the_end),
        cmocka_unit_test(without_descriptors_the_newcomer_is_told_busy),
        cmocka_unit_test(without_any_descriptor_the_newcomer_waits),
        cmocka_unit_test(a_server_that_never_ran_can_be_destroyed),
        cmocka_unit_test(two_servers_live_in_one_process),
        cmocka_unit_test(a_server_that_cannot_be_made_leaves_nothing_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
