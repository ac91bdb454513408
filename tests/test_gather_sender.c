/* The sender, against a parent that follows a script. */

#include "gather_sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "fake_heap.h"
#include "gather.h"

#define OPENING "g 3 token type=0\n"
#define PATIENCE_S 30

/*
 * What must come, and what is answered then; on the connection of the step
 * before if it goes on.  No `expected` ends all.
 */
struct step {
    const char *expected;
    const char *answer;
    bool goes_on;
};

struct parent {
    int listening;
    char address[32];
    const struct step *steps;
    bool is_as_expected; /* worker, read after the join */
    pthread_t thread;
};

static bool
receives(int fd, const char *expected)
{
    const size_t length = strlen(expected);
    char *got = calloc(1, length + 1);
    bool is_equal;

    ssize_t count = length ? recv(fd, got, length, MSG_WAITALL) : 0;
    is_equal = count == (ssize_t)length && !memcmp(got, expected, length);
    if (!is_equal) {
        print_error("instead of \"%s\": \"%s\"\n", expected, got);
    }
    free(got);
    return is_equal;
}

/* As a server does: so that what was answered is not lost. */
static void
hang_up(int fd)
{
    char rest[4096];

    if (fd >= 0) {
        (void)shutdown(fd, SHUT_WR);
        while (recv(fd, rest, sizeof rest, 0) > 0) {
        }
        (void)close(fd);
    }
}

static void *
play(void *context)
{
    struct parent *parent = context;
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    int fd = -1;

    parent->is_as_expected = true;
    for (const struct step *step = parent->steps; step->expected; step++) {
        if (!step->goes_on) {
            hang_up(fd);
            fd = accept(parent->listening, NULL, NULL);
            (void)!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                              sizeof patience);
        }
        parent->is_as_expected &= receives(fd, step->expected);
        (void)!send(fd, step->answer, strlen(step->answer), MSG_NOSIGNAL);
    }
    hang_up(fd);
    return NULL;
}

static void
begin(struct parent *parent, const struct step *steps)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;

    *parent = (struct parent){.steps = steps};
    parent->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(parent->listening, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(parent->listening, 8), 0);
    assert_int_equal(
        getsockname(parent->listening, (struct sockaddr *)&address, &bytes), 0);
    (void)snprintf(parent->address, sizeof parent->address, "127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
    assert_int_equal(pthread_create(&parent->thread, NULL, play, parent), 0);
}

static void
end(struct parent *parent)
{
    assert_int_equal(pthread_join(parent->thread, NULL), 0);
    assert_true(parent->is_as_expected);
    (void)close(parent->listening);
}

static struct gather_sender *
make_sender(const char *address)
{
    struct gather_sender *sender;

    assert_int_equal(gather_sender_create(address, 3, "token", &sender), 0);
    assert_int_equal(gather_sender_which(sender), 3);
    assert_int_equal(gather_sender_descriptor(sender), -1);
    assert_string_equal(gather_sender_error(sender), "");
    return sender;
}

static void
a_result_is_sent_as_the_protocol_says(void **state)
{
    const struct step steps[] = {
        {OPENING, "ok 0\n", false},
        {"w 3 5 at=end\nhello", "ok 0 version=1 size=5\n", true},
        {"w 3 6 at=end\n world", "ok 0 version=2 size=11\n", true},
        {"q\n", "ok 0\n", true},
        {NULL, NULL, false},
    };
    struct parent parent;

    (void)state;
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    assert_int_equal(gather_sender_send(sender, "hello", 5), 0);
    assert_int_equal(gather_sender_send(sender, " world", 6), 0);
    assert_int_equal(gather_sender_finish(sender), 0);
    assert_int_equal(gather_sender_descriptor(sender), -1);
    assert_int_equal(gather_sender_send(sender, "x", 1), EALREADY);
    assert_int_equal(gather_sender_finish(sender), EALREADY);
    assert_int_equal(gather_sender_fail(sender, 1), EALREADY);
    gather_sender_destroy(sender);
    end(&parent);
}

static void
an_error_comes_with_its_words(void **state)
{
    static const struct {
        const char *answer;
        int error;
        const char *words;
    } rows[] = {
        {"err denied: no\n", EACCES, "refused: no (denied)"},
        {"err no-such-mailbox: no\n", ENOENT, "refused: no (no-such-mailbox)"},
        {"err too-large: no\n", EFBIG, "refused: no (too-large)"},
        {"err shutting-down: no\n", ECANCELED, "refused: no (shutting-down)"},
        {"err bad-request: what\n", EPROTO, "refused: what (bad-request)"},
        {"err bad-request: the result is shorter than was announced\n", ENODATA,
         "refused: the result is shorter than was announced "
         "(bad-request)"},
        {"err unheard-of: no\n", EPROTO, "refused: no (unheard-of)"},
        {"HTTP/1.1 400 Bad Request\r\n", EPROTO,
         "what answers there is no parent that gathers"},
        {"", ECONNRESET,
         "the connection broke: the parent is gone, or it has given this "
         "child up"},
        {"ok 0", ECONNRESET,
         "the connection broke: the parent is gone, or it has given this "
         "child up"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step steps[] = {{OPENING, rows[i].answer, false},
                                     {NULL, NULL, false}};
        struct parent parent;
        begin(&parent, steps);
        struct gather_sender *sender = make_sender(parent.address);
        assert_int_equal(gather_sender_connect(sender), rows[i].error);
        assert_string_equal(gather_sender_error(sender), rows[i].words);
        /* The first error stays. */
        assert_int_equal(gather_sender_send(sender, "x", 1), rows[i].error);
        assert_int_equal(gather_sender_look(sender), rows[i].error);
        gather_sender_destroy(sender);
        end(&parent);
    }
}

static void
a_line_without_end_is_no_answer(void **state)
{
    char endless[8192];
    const struct step steps[] = {{OPENING, endless, false},
                                 {NULL, NULL, false}};
    struct parent parent;

    (void)state;
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    assert_int_equal(gather_sender_connect(sender), EPROTO);
    gather_sender_destroy(sender);
    end(&parent);
}

static void
a_parent_without_room_is_asked_again(void **state)
{
    const struct step steps[] = {
        {"", "err busy: later\n", false},
        {OPENING, "err busy: later\n", false},
        {OPENING, "ok 0\n", false},
        {NULL, NULL, false},
    };
    struct parent parent;

    (void)state;
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    assert_int_equal(gather_sender_connect(sender), 0);
    assert_int_equal(gather_sender_connect(sender), 0);
    gather_sender_destroy(sender);
    end(&parent);
}

static void
what_is_announced_is_said_at_the_opening(void **state)
{
    const struct step steps[] = {
        {"g 3 token type=7 size=0\n", "ok 0\n", false},
        {"g 3 token type=9 fail=5\n", "ok 0\n", false},
        {NULL, NULL, false},
    };
    struct parent parent;

    (void)state;
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    gather_sender_announce(sender, 7, 0);
    assert_int_equal(gather_sender_connect(sender), 0);
    gather_sender_destroy(sender);
    sender = make_sender(parent.address);
    gather_sender_announce(sender, 9, GATHER_SENDER_ANY_SIZE);
    assert_int_equal(gather_sender_fail(sender, 5), 0);
    gather_sender_destroy(sender);
    end(&parent);
}

static void
a_parent_that_leaves_is_seen_by_looking(void **state)
{
    const struct step steps[] = {
        {OPENING, "ok 0\nerr shutting-down: bye\n", false},
        {NULL, NULL, false}};
    struct parent parent;
    int error = 0;

    (void)state;
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    assert_int_equal(gather_sender_look(sender), 0);
    assert_int_equal(gather_sender_connect(sender), 0);
    while (!error) { /* until it has come */
        error = gather_sender_look(sender);
    }
    assert_int_equal(error, ECANCELED);
    gather_sender_destroy(sender);
    end(&parent);
}

static void
what_is_wrong_is_told_before_anything_is_sent(void **state)
{
    static const char *const addresses[] = {
        "",        "localhost", ":7000", "localhost:", "::1:7000",
        "[::1]70", "[]:7000",   "unix:", "[::1:7000",
    };
    static const char *const tokens[] = {
        "", "a b", "a\n",
        "0123456789012345678901234567890123456789012345678901234567890123456"};
    struct gather_sender *sender;

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        assert_int_equal(gather_sender_create(addresses[i], 0, "t", &sender),
                         EINVAL);
    }
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        assert_int_equal(gather_sender_create("h:1", 0, tokens[i], &sender),
                         EACCES);
    }
    fake_heap_set(0);
    int error = gather_sender_create("h:1", 0, "t", &sender);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(error, ENOMEM);
}

static void
nobody_there_is_an_error_with_the_address(void **state)
{
    (void)state;
    struct gather_sender *sender = make_sender("unix:/no/such/socket");
    assert_int_equal(gather_sender_connect(sender), ECONNREFUSED);
    assert_string_equal(gather_sender_error(sender),
                        "cannot connect to /no/such/socket: No such file or "
                        "directory");
    gather_sender_destroy(sender);
    sender = make_sender("127.0.0.1:1");
    assert_int_equal(gather_sender_connect(sender), ECONNREFUSED);
    assert_string_equal(gather_sender_error(sender),
                        "cannot connect to 127.0.0.1 port 1: Connection "
                        "refused");
    gather_sender_destroy(sender);
    gather_sender_destroy(NULL);
}

static void
what_breaks_a_connection_is_told(void **state)
{
    const struct step steps[] = {
        {"", "", false},
        {NULL, NULL, false},
    };
    struct parent parent;

    (void)state;
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    fake_calls_fail("sendmsg", 1, EPIPE);
    assert_int_not_equal(gather_sender_connect(sender), 0);
    assert_non_null(fake_calls_failed());
    assert_string_not_equal(gather_sender_error(sender), "");
    gather_sender_destroy(sender);
    end(&parent);
    sender = make_sender(parent.address);
    fake_calls_fail("socket", 1, EMFILE);
    assert_int_not_equal(gather_sender_connect(sender), 0);
    assert_non_null(fake_calls_failed());
    gather_sender_destroy(sender);
}

static void
an_interrupted_call_is_taken_up_again(void **state)
{
    const struct step steps[] = {
        {OPENING, "ok 0\n", false},
        {NULL, NULL, false},
    };
    struct parent parent;

    (void)state;
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    fake_calls_fail("sendmsg", 1, EINTR);
    assert_int_equal(gather_sender_connect(sender), 0);
    assert_non_null(fake_calls_failed());
    gather_sender_destroy(sender);
    end(&parent);
}

static void
an_interrupted_connect_is_taken_up_again(void **state)
{
    const char *path = "unix:/nowhere/at-all";

    (void)state;
    struct gather_sender *sender = make_sender(path);
    fake_calls_fail("connect", 1, EINTR);
    assert_int_equal(gather_sender_connect(sender), ECONNREFUSED);
    assert_string_equal(fake_calls_failed(), "connect");
    assert_string_equal(gather_sender_error(sender),
                        "cannot connect to /nowhere/at-all: No such file or "
                        "directory");
    gather_sender_destroy(sender);
    /* Over TCP it goes on by itself; here nothing does, and that is seen. */
    sender = make_sender("127.0.0.1:1");
    fake_calls_fail("connect", 1, EINTR);
    assert_int_not_equal(gather_sender_connect(sender), 0);
    assert_string_equal(fake_calls_failed(), "connect");
    assert_string_not_equal(gather_sender_error(sender), "");
    gather_sender_destroy(sender);
}

static void
what_cannot_be_received_is_told(void **state)
{
    const struct step steps[] = {
        {OPENING, "ok 0\n", false},
        {NULL, NULL, false},
    };
    struct parent parent;

    (void)state;
    begin(&parent, steps);
    struct gather_sender *sender = make_sender(parent.address);
    fake_calls_fail("recv", 1, ENOMEM);
    assert_int_equal(gather_sender_connect(sender), ENOMEM);
    assert_string_equal(gather_sender_error(sender),
                        "cannot receive: Cannot allocate memory");
    gather_sender_destroy(sender);
    end(&parent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_sent_as_the_protocol_says),
        cmocka_unit_test(an_error_comes_with_its_words),
        cmocka_unit_test(a_line_without_end_is_no_answer),
        cmocka_unit_test(a_parent_without_room_is_asked_again),
        cmocka_unit_test(what_is_announced_is_said_at_the_opening),
        cmocka_unit_test(a_parent_that_leaves_is_seen_by_looking),
        cmocka_unit_test(what_is_wrong_is_told_before_anything_is_sent),
        cmocka_unit_test(nobody_there_is_an_error_with_the_address),
        cmocka_unit_test(what_breaks_a_connection_is_told),
        cmocka_unit_test(an_interrupted_call_is_taken_up_again),
        cmocka_unit_test(an_interrupted_connect_is_taken_up_again),
        cmocka_unit_test(what_cannot_be_received_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
