/* How connections end: over socket pairs, with a clock that the test moves. */

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "closing.h"
#include "cmocka_all.h"
#include "protocol.h"

static struct closings closings;

static int
begin(void **state)
{
    (void)state;
    return closings_init(&closings);
}

static int
end(void **state)
{
    (void)state;
    closings_fini(&closings);
    return 0;
}

/* Two ends of a connection: the peer's, and the one to be closed. */
static void
make_pair(int *peer, int *closed)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    *peer = ends[0];
    *closed = ends[1];
}

static void
expect_text_and_end(int peer, const char *text)
{
    char received[128] = "";

    assert_int_equal(recv(peer, received, sizeof received, MSG_WAITALL),
                     strlen(text));
    assert_string_equal(received, text);
}

static void
expect_nothing(int peer)
{
    char next;

    assert_int_equal(recv(peer, &next, 1, MSG_DONTWAIT), -1);
}

static void
the_text_arrives_and_then_the_end(void **state)
{
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    closings_add(&closings, closed, "err busy\n", 1);
    assert_int_equal(closings.count, 1);
    expect_text_and_end(peer, "err busy\n");
    (void)close(peer);
    closings_dispatch(&closings, 2);
    assert_int_equal(closings.count, 0);
}

static void
a_peer_that_has_ended_is_closed_at_once(void **state)
{
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    closings_add(&closings, closed, "err busy\n", 1);
    assert_int_equal(closings.count, 0);
    expect_text_and_end(peer, "err busy\n");
    (void)close(peer);
}

static void
a_peer_that_is_gone_is_closed_at_once(void **state)
{
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    (void)close(peer);
    closings_add(&closings, closed, "err busy\n", 1);
    assert_int_equal(closings.count, 0);
}

static void
the_deadline_closes(void **state)
{
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    closings_add(&closings, closed, NULL, 5);
    assert_int_equal(closings_expire(&closings, 6), 5 + CLOSING_TIME_NS);
    assert_int_equal(closings_expire(&closings, 4 + CLOSING_TIME_NS),
                     5 + CLOSING_TIME_NS);
    assert_int_equal(closings.count, 1);
    assert_int_equal(closings_expire(&closings, 5 + CLOSING_TIME_NS),
                     CLOCK_NEVER);
    assert_int_equal(closings.count, 0);
    (void)close(peer);
}

static void
what_still_comes_is_dropped(void **state)
{
    static char text[16384];
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    closings_add(&closings, closed, NULL, 1);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(
            send(peer, text, sizeof text, MSG_NOSIGNAL | MSG_DONTWAIT),
            sizeof text);
        closings_dispatch(&closings, 2);
    }
    assert_int_equal(closings.count, 1);
    (void)close(peer);
    closings_dispatch(&closings, 2);
    assert_int_equal(closings.count, 0);
}

static void
a_flood_is_cut_off(void **state)
{
    static char text[65536];
    size_t sent = 0;
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    closings_add(&closings, closed, NULL, 1);
    while (closings.count > 0) {
        ssize_t more =
            send(peer, text, sizeof text, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += more > 0 ? (size_t)more : 0;
        closings_dispatch(&closings, 2);
        assert_true(sent <= CLOSING_BYTES_MAX + ((size_t)1 << 20));
    }
    assert_true(sent > CLOSING_BYTES_MAX);
    (void)close(peer);
}

/* The text is larger than the buffer of the connection. */
static void
a_text_is_sent_as_the_peer_reads(void **state)
{
    static char text[1 << 20];
    static char received[sizeof text];
    size_t got = 0;
    int peer;
    int closed;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    make_pair(&peer, &closed);
    closings_add(&closings, closed, text, 1);
    for (int i = 0; i < 10000 && got < sizeof text - 1; i++) {
        ssize_t more =
            recv(peer, received + got, sizeof received - got, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
        closings_dispatch(&closings, 2);
    }
    assert_int_equal(got, sizeof text - 1);
    assert_string_equal(received, text);
    assert_int_equal(recv(peer, received, 1, 0), 0);
    (void)close(peer);
}

static void
one_too_many_closes_the_oldest(void **state)
{
    static int peers[CLOSINGS_MAX + 2];
    char byte;

    (void)state;
    for (size_t i = 0; i < CLOSINGS_MAX + 2; i++) {
        int closed;
        make_pair(&peers[i], &closed);
        closings_add(&closings, closed, NULL, i + 1);
    }
    assert_int_equal(closings.count, CLOSINGS_MAX);
    assert_int_equal(send(peers[0], "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(send(peers[1], "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(send(peers[2], "x", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(closings_expire(&closings, 1), 3 + CLOSING_TIME_NS);
    assert_int_equal(recv(peers[2], &byte, 1, MSG_DONTWAIT), 0);
    for (size_t i = 0; i < CLOSINGS_MAX + 2; i++) {
        (void)close(peers[i]);
    }
    for (int i = 0; i < CLOSINGS_MAX && closings.count > 0; i++) {
        closings_dispatch(&closings, 2);
    }
    assert_int_equal(closings.count, 0);
}

static void
those_in_the_middle_leave_too(void **state)
{
    int peers[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int closed;
        make_pair(&peers[i], &closed);
        closings_add(&closings, closed, NULL, i + 1);
    }
    (void)close(peers[1]);
    closings_dispatch(&closings, 4);
    assert_int_equal(closings.count, 2);
    assert_int_equal(closings_expire(&closings, 4), 1 + CLOSING_TIME_NS);
    (void)close(peers[0]);
    closings_dispatch(&closings, 4);
    assert_int_equal(closings_expire(&closings, 4), 3 + CLOSING_TIME_NS);
    (void)close(peers[2]);
}

/* Who is refused is told in the protocol of its first bytes. */
static void
a_refusal_is_told_in_the_protocol_of_the_refused(void **state)
{
    static const struct {
        const char *sent;
        enum protocol protocol;
        bool is_early; /* it was there before the refusal */
    } rows[] = {
        {"r 3\n", PROTOCOL_DIPC, true},
        {"PING\r\n", PROTOCOL_RESP, true},
        {"r 3\n", PROTOCOL_DIPC, false},
        {"*1\r\n", PROTOCOL_RESP, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int peer;
        int closed;

        make_pair(&peer, &closed);
        if (rows[i].is_early) {
            assert_true(send(peer, rows[i].sent, strlen(rows[i].sent), 0) > 0);
        }
        closings_refuse(&closings, closed, 1);
        if (!rows[i].is_early) {
            closings_dispatch(&closings, 2);
            expect_nothing(peer);
            assert_true(send(peer, rows[i].sent, strlen(rows[i].sent), 0) > 0);
            closings_dispatch(&closings, 3);
        }
        expect_text_and_end(peer, protocol_refusal(rows[i].protocol));
        (void)close(peer);
        closings_dispatch(&closings, 4);
        assert_int_equal(closings.count, 0);
    }
}

static bool
has_something_to_do(void)
{
    struct pollfd awaited = {.fd = closings.epoll, .events = POLLIN};

    return poll(&awaited, 1, 0) == 1;
}

/* A beginning that could be of both is no news again until more has come. */
static void
a_refusal_waits_for_enough_of_the_first_word(void **state)
{
    static const struct {
        const char *first;
        const char *second;
        enum protocol protocol;
    } rows[] = {
        {"P", "ING\r\n", PROTOCOL_RESP},
        {"\r\n", "PING\r\n", PROTOCOL_RESP},
        {"r", " 3\n", PROTOCOL_DIPC},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int peer;
        int closed;

        make_pair(&peer, &closed);
        assert_true(send(peer, rows[i].first, strlen(rows[i].first), 0) > 0);
        closings_refuse(&closings, closed, 1);
        for (int looks = 0; looks < 3 && has_something_to_do(); looks++) {
            closings_dispatch(&closings, 2);
        }
        assert_false(has_something_to_do());
        expect_nothing(peer);
        assert_true(send(peer, rows[i].second, strlen(rows[i].second), 0) > 0);
        assert_true(has_something_to_do());
        closings_dispatch(&closings, 3);
        expect_text_and_end(peer, protocol_refusal(rows[i].protocol));
        assert_true(send(peer, "more", 4, MSG_NOSIGNAL) == 4);
        assert_true(has_something_to_do());
        (void)close(peer);
        closings_dispatch(&closings, 4);
        assert_int_equal(closings.count, 0);
    }
}

static void
who_says_too_little_is_refused_after_a_while(void **state)
{
    const uint64_t told_ns = 5 + CLOSING_TIME_NS;
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    assert_int_equal(send(peer, "P", 1, 0), 1);
    closings_refuse(&closings, closed, 5);
    assert_int_equal(closings_expire(&closings, told_ns),
                     told_ns + CLOSING_TIME_NS);
    expect_text_and_end(peer, protocol_refusal(PROTOCOL_UNKNOWN));
    (void)close(peer);
    closings_dispatch(&closings, told_ns);
    assert_int_equal(closings.count, 0);
}

static void
who_says_nothing_is_refused_after_a_while(void **state)
{
    const uint64_t told_ns = 5 + CLOSING_TIME_NS;
    int peer;
    int closed;

    (void)state;
    make_pair(&peer, &closed);
    closings_refuse(&closings, closed, 5);
    assert_int_equal(closings_expire(&closings, 6), told_ns);
    expect_nothing(peer);
    assert_int_equal(closings_expire(&closings, told_ns),
                     told_ns + CLOSING_TIME_NS);
    expect_text_and_end(peer, protocol_refusal(PROTOCOL_UNKNOWN));
    assert_int_equal(closings.count, 1);
    assert_int_equal(closings_expire(&closings, told_ns + CLOSING_TIME_NS),
                     CLOCK_NEVER);
    assert_int_equal(closings.count, 0);
    (void)close(peer);
}

static void
who_must_go_before_it_was_heard_is_told_all_the_same(void **state)
{
    int peers[2];
    int closed;

    (void)state;
    make_pair(&peers[0], &closed);
    closings_refuse(&closings, closed, 1);
    closings_fini(&closings);
    expect_text_and_end(peers[0], protocol_refusal(PROTOCOL_UNKNOWN));
    (void)close(peers[0]);
    assert_int_equal(closings_init(&closings), 0);
    make_pair(&peers[1], &closed); /* it half-closes before a word */
    closings_refuse(&closings, closed, 1);
    assert_int_equal(shutdown(peers[1], SHUT_WR), 0);
    closings_dispatch(&closings, 2);
    expect_text_and_end(peers[1], protocol_refusal(PROTOCOL_UNKNOWN));
    (void)close(peers[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_text_arrives_and_then_the_end,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_peer_that_has_ended_is_closed_at_once,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_peer_that_is_gone_is_closed_at_once,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_deadline_closes, begin, end),
        cmocka_unit_test_setup_teardown(what_still_comes_is_dropped, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_flood_is_cut_off, begin, end),
        cmocka_unit_test_setup_teardown(a_text_is_sent_as_the_peer_reads, begin,
                                        end),
        cmocka_unit_test_setup_teardown(one_too_many_closes_the_oldest, begin,
                                        end),
        cmocka_unit_test_setup_teardown(those_in_the_middle_leave_too, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_refusal_is_told_in_the_protocol_of_the_refused, begin, end),
        cmocka_unit_test_setup_teardown(
            a_refusal_waits_for_enough_of_the_first_word, begin, end),
        cmocka_unit_test_setup_teardown(
            who_says_too_little_is_refused_after_a_while, begin, end),
        cmocka_unit_test_setup_teardown(
            who_says_nothing_is_refused_after_a_while, begin, end),
        cmocka_unit_test_setup_teardown(
            who_must_go_before_it_was_heard_is_told_all_the_same, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
