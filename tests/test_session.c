#include "session.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "census.h"
#include "cmocka_all.h"
#include "codec.h"
#include "fake_heap.h"
#include "fake_store.h"
#include "protocol.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MS ((uint64_t)1000000)
#define PACKET 64
#define MAILBOX 100
#define GAP (50 * MS)
#define REQUEST_TIMEOUT (30000 * MS)
#define IDLE_TIMEOUT (90000 * MS)
#define WAIT_MAX (60000 * MS)

#define SAID_MAX (1 << 20)
#define LARGEST "9223372036854775807"
#define ENDING "err shutting-down: the server is ending\n"

/* A session, the engine that drives it, and all that it said. */
struct scene {
    struct fake_store fake;
    struct statistics statistics;
    struct session_config config;
    struct session *session;
    enum session_next next;
    size_t send_max;    /* how much of the output goes at once */
    bool waits_by_hand; /* a wait is left to the test */
    size_t sends;       /* batches of output */
    size_t waits;
    size_t held_max;
    size_t said_bytes;
    char *said;
};

static void
open_scene(struct scene *scene, size_t packet_bytes, size_t mailbox_bytes)
{
    memset(scene, 0, sizeof *scene);
    fake_store_init(&scene->fake, mailbox_bytes);
    scene->config =
        (struct session_config){.packet_bytes = packet_bytes,
                                .gap_ns = GAP,
                                .request_timeout_ns = REQUEST_TIMEOUT,
                                .idle_timeout_ns = IDLE_TIMEOUT,
                                .wait_max_ns = WAIT_MAX,
                                .clock = fake_store_clock(&scene->fake),
                                .statistics = &scene->statistics};
    scene->send_max = SIZE_MAX;
    scene->said = malloc(SAID_MAX);
    assert_non_null(scene->said);
    scene->said[0] = '\0';
    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &scene->session), 0);
    scene->next = session_advance(scene->session);
    assert_int_equal(scene->next, SESSION_RECEIVE);
}

static void
close_scene(struct scene *scene)
{
    session_destroy(scene->session);
    free(scene->said);
}

static int
set_up(void **state)
{
    struct scene *scene = malloc(sizeof *scene);

    assert_non_null(scene);
    open_scene(scene, PACKET, MAILBOX);
    *state = scene;
    return 0;
}

static int
tear_down(void **state)
{
    close_scene(*state);
    free(*state);
    return 0;
}

static void
send_some(struct scene *scene)
{
    const void *data;
    size_t length;

    session_output(scene->session, &data, &length);
    assert_true(length > 0);
    if (length > scene->send_max) {
        length = scene->send_max;
    }
    assert_true(scene->said_bytes + length < SAID_MAX);
    memcpy(scene->said + scene->said_bytes, data, length);
    scene->said_bytes += length;
    scene->said[scene->said_bytes] = '\0';
    session_sent(scene->session, length);
    scene->sends++;
}

static void
wait_for_newer(struct scene *scene)
{
    struct session_wanted wanted = session_wanted(scene->session);
    struct store *store = &scene->fake.store;

    scene->waits++;
    session_woken(scene->session,
                  store->ops->wait(store, wanted.mailbox, wanted.version,
                                   wanted.deadline_ns));
}

/* Drive the session until it must receive, or has closed. */
static void
run(struct scene *scene)
{
    int bound = SAID_MAX;

    while (bound-- > 0) {
        size_t held = session_held_bytes(scene->session);

        if (held > scene->held_max) {
            scene->held_max = held;
        }
        scene->next = session_advance(scene->session);
        if (scene->next == SESSION_SEND) {
            send_some(scene);
        } else if (scene->next == SESSION_WAIT && !scene->waits_by_hand) {
            wait_for_newer(scene);
        } else {
            return;
        }
    }
    fail_msg("the session never comes to rest");
}

/* The client sends bytes; what comes after the end of a session is lost. */
static void
feed(struct scene *scene, const char *bytes, size_t length)
{
    while (length > 0 && scene->next == SESSION_RECEIVE) {
        void *room;
        size_t piece;

        assert_int_equal(session_room(scene->session, &room, &piece), 0);
        assert_true(piece > 0);
        if (piece > length) {
            piece = length;
        }
        memcpy(room, bytes, piece);
        session_received(scene->session, piece);
        bytes += piece;
        length -= piece;
        run(scene);
    }
}

static void
say(struct scene *scene, const char *text)
{
    feed(scene, text, strlen(text));
}

/* The client half-closes. */
static void
end(struct scene *scene)
{
    if (scene->next == SESSION_RECEIVE) {
        session_ended(scene->session);
        run(scene);
    }
}

/* Nothing arrives until the session's deadline. */
static void
fall_silent(struct scene *scene)
{
    uint64_t deadline = session_deadline_ns(scene->session);

    assert_int_equal(scene->next, SESSION_RECEIVE);
    assert_true(deadline != SESSION_FOREVER);
    if (scene->fake.now_ns < deadline) {
        scene->fake.now_ns = deadline;
    }
    session_expired(scene->session);
    run(scene);
}

static void
stop(struct scene *scene)
{
    session_stop(scene->session);
    run(scene);
}

/* What was said since the last time is exactly this. */
#define assert_said(scene, expected)                  \
    do {                                              \
        assert_string_equal((scene)->said, expected); \
        (scene)->said_bytes = 0;                      \
        (scene)->said[0] = '\0';                      \
    } while (0)

#define assert_open(scene) assert_int_equal((scene)->next, SESSION_RECEIVE)
#define assert_closed(scene) assert_int_equal((scene)->next, SESSION_CLOSE)

static void
assert_content(const struct scene *scene, int mailbox, uint64_t version,
               const char *content)
{
    const struct fake_mailbox *found = &scene->fake.mailboxes[mailbox];

    assert_int_equal(found->version, version);
    assert_int_equal(found->size_bytes, strlen(content));
    assert_memory_equal(found->content, content, strlen(content));
}

/* ---- Scripts: what is sent at once, what is answered, how it ends. ---- */

enum ending { OPEN, CLOSED };

struct script {
    const char *sent;
    const char *answered;
    enum ending ending;
};

/* Before each script mailbox 3 holds "hello", version 1; 2 nothing. */
#define R_USAGE                                               \
    "r <mailbox> [at=<offset>] [max=<bytes>] [if=<version>] " \
    "[after=<version> [wait=<ms>]]"
#define W_USAGE "w <mailbox> <length> [at=<offset>|at=end] [if=<version>]"
#define BAD "err bad-request: "
#define NO_99 "err no-such-mailbox: mailbox 99 is not one of 0 to 3\n"
#define HELLO "ok 5 version=1 size=5\nhello"
#define RANGE "is not a number from 0 to " LARGEST
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* clang-format off */
static const struct script scripts[] = {
    /* Reading. */
    {"r 3\n", HELLO, OPEN},
    {"r 3\r\n", HELLO, OPEN},
    {"  r   0003  \n", HELLO, OPEN},
    {"r 2\n", "ok 0 version=0 size=0\n", OPEN},
    {"r 3 at=1\n", "ok 4 version=1 size=5\nello", OPEN},
    {"r 3 at=1 max=2\n", "ok 2 version=1 size=5\nel", OPEN},
    {"r 3 max=0\n", "ok 0 version=1 size=5\n", OPEN},
    {"r 3 at=5\n", "ok 0 version=1 size=5\n", OPEN},
    {"r 3 at=" LARGEST " max=" LARGEST "\n", "ok 0 version=1 size=5\n", OPEN},
    {"r 3 if=1\n", HELLO, OPEN},
    {"r 3 if=7\n", "err conflict version=1: expected version 7\n", OPEN},
    {"r 3 after=0\n", HELLO, OPEN},
    {"r 3 after=0 if=1\n", HELLO, OPEN},
    {"r 3 after=0 if=2\n", "err conflict version=1: expected version 2\n",
     OPEN},
    {"r 3 after=1 wait=100\n",
     "err timeout: nothing newer than version 1 in 100 ms\n", OPEN},
    {"r 3 after=1 wait=0\n",
     "err timeout: nothing newer than version 1 in 0 ms\n", OPEN},
    {"r 3 after=1\n",
     "err timeout: nothing newer than version 1 in 30000 ms\n", OPEN},
    {"r 3 after=1 wait=60001\n",
     "err timeout: nothing newer than version 1 in 60000 ms\n", OPEN},
    {"r 3 after=" LARGEST " wait=" LARGEST "\n",
     "err timeout: nothing newer than version " LARGEST " in 60000 ms\n",
     OPEN},
    {"r 3 wait=100\n", BAD "wait=<ms> wants after=<version> beside it\n",
     OPEN},
    {"r 99\n", NO_99, OPEN},
    {"r 99 after=1 wait=100\n", NO_99, OPEN},
    {"r 4\n", "err no-such-mailbox: mailbox 4 is not one of 0 to 3\n", OPEN},
    {"r " LARGEST "\n",
     "err no-such-mailbox: mailbox " LARGEST " is not one of 0 to 3\n", OPEN},
    {"r 3 at=x\nr 3\n", BAD "at=\"x\" " RANGE "\n" HELLO, OPEN},
    {"r 3 foo=1\nr 3\n",
     BAD "option \"foo\" is not one of r's: at, max, if, after and wait\n"
     HELLO, OPEN},
    {"r\nr 3\n", BAD "r wants a mailbox: " R_USAGE "\n" HELLO, OPEN},
    {"r x\nr 3\n", BAD "mailbox \"x\" " RANGE "\n" HELLO, OPEN},
    {"x\nr 3\n",
     BAD "unknown verb \"x\": r, w, s and q are known\n" HELLO, OPEN},

    /* Writing with a length. */
    {"w 3 6\nagain!r 3\n",
     "ok 0 version=2 size=6\nok 6 version=2 size=6\nagain!", OPEN},
    {"w 3 0\nr 3\n", "ok 0 version=2 size=0\nok 0 version=2 size=0\n", OPEN},
    {"w 3 4\nr 3\nr 3\n",
     "ok 0 version=2 size=4\nok 4 version=2 size=4\nr 3\n", OPEN},
    {"w 3 2 at=1\nEAr 3\n",
     "ok 0 version=2 size=5\nok 5 version=2 size=5\nhEAlo", OPEN},
    {"w 3 2 at=4\nxyr 3\n",
     "ok 0 version=2 size=6\nok 6 version=2 size=6\nhellxy", OPEN},
    {"w 3 0 at=50\nr 3\n", "ok 0 version=2 size=5\n"
     "ok 5 version=2 size=5\nhello", OPEN},
    {"w 3 0 at=" LARGEST "\n", "ok 0 version=2 size=5\n", OPEN},
    {"w 3 6 at=end\n worldr 3\n",
     "ok 0 version=2 size=11\nok 11 version=2 size=11\nhello world", OPEN},
    {"w 3 1 if=1\nxw 3 1 if=1\nyr 3\n",
     "ok 0 version=2 size=1\nerr conflict version=2: expected version 1\n"
     "ok 1 version=2 size=1\nx", OPEN},
    {"w 3 6 if=7\nagain!r 3\n",
     "err conflict version=1: expected version 7\n" HELLO, OPEN},
    {"w 99 6\nagain!r 3\n", NO_99 HELLO, OPEN},
    {"w 99 0\nr 3\n", NO_99 HELLO, OPEN},
    {"w 99 6 if=7 at=end\nagain!r 3\n", NO_99 HELLO, OPEN},
    {"w 3 64\n" SIXTY "0123r 3\n",
     "ok 0 version=2 size=64\nok 64 version=2 size=64\n" SIXTY "0123", OPEN},
    {"w 3 65\n" SIXTY "01234r 3\n",
     "err too-large: 65 bytes are more than a packet of 64\n" HELLO, OPEN},
    {"w 3 60 at=41\n" SIXTY "r 3\n",
     "err too-large: the content would be longer than a mailbox of 100 "
     "bytes\n" HELLO, OPEN},
    {"w 3 64 at=37\n" SIXTY "0123r 3\n",
     "err too-large: the content would be longer than a mailbox of 100 "
     "bytes\n" HELLO, OPEN},
    {"w 3 64 at=36\n" SIXTY "0123r 3 max=0\n",
     "ok 0 version=2 size=100\nok 0 version=2 size=100\n", OPEN},
    {"w 3 60\n" SIXTY "w 3 60 at=end\n" SIXTY "r 3 max=0\n",
     "ok 0 version=2 size=60\n"
     "err too-large: the content would be longer than a mailbox of 100 "
     "bytes\nok 0 version=2 size=60\n", OPEN},
    {"w 3 5 at=" LARGEST "\nxxxxxr 3\n",
     "err too-large: the content would be longer than a mailbox of 100 "
     "bytes\n" HELLO, OPEN},
    {"w 3 5 foo=1\nr 3\n\nr 3\n",
     BAD "option \"foo\" is not one of w's: at and if\n" HELLO, OPEN},
    {"w 3 5 at=end at=end\nr 3\n\nr 3\n",
     BAD "option at is given twice\n" HELLO, OPEN},
    {"w 3 5 6\nr 3\n\nr 3\n",
     BAD "\"6\" is no option (key=value); usage: " W_USAGE "\n" HELLO, OPEN},
    {"w 3 16777217\nr 3\n",
     "err too-large: 16777217 bytes are more than a packet of 64\n", CLOSED},
    {"w 99 16777217\nr 3\n", NO_99, CLOSED},
    {"w 3 " LARGEST " foo=1\nr 3\n",
     BAD "option \"foo\" is not one of w's: at and if\n", CLOSED},
    {"w\nr 3\n", BAD "w wants a mailbox: " W_USAGE "\n", CLOSED},
    {"w x 5\nr 3\n", BAD "mailbox \"x\" " RANGE "\n", CLOSED},
    {"w 3 x\nr 3\n", BAD "length \"x\" " RANGE "\n", CLOSED},
    {"w 3 at=end\nr 3\n",
     BAD "a write with options wants its length first: " W_USAGE "\n",
     CLOSED},
    {"w 3 9223372036854775808\nr 3\n",
     BAD "length \"9223372036854775808\" " RANGE "\n", CLOSED},

    /* The others. */
    {"s 3\n", "ok 17\nversion 1\nsize 5\n", OPEN},
    {"s 99\n", NO_99, OPEN},
    {"s x\nr 3\n", BAD "mailbox \"x\" " RANGE "\n" HELLO, OPEN},
    {"q\nr 3\n", "ok 0\n", CLOSED},
    {"q 99\nr 3\n", "ok 0\n", CLOSED},
    {"q x\nr 3\n", BAD "mailbox \"x\" " RANGE "\n" HELLO, OPEN},

    /* Lines. */
    {"\n", "", OPEN},
    {"\r\n  \n \r\n\nr 3\n\n", HELLO, OPEN},
    {"\t\nr 3\n",
     BAD "unknown verb \"?\": r, w, s and q are known\n" HELLO, OPEN},
    {"w\t3 5\nr 3\n",
     BAD "unknown verb \"w?3\": r, w, s and q are known\n" HELLO, OPEN},
    {"r 3 \r\r\nr 3\n",
     BAD "\"?\" is no option (key=value); usage: " R_USAGE "\n" HELLO, OPEN},
    {"r 3" SIXTY SIXTY SIXTY SIXTY "0123456789abc\nr 3\n",
     BAD "the header line is longer than 255 bytes\n", CLOSED},

    /* The protocol's own example. */
    {"w 2 5\nhello" "r 2\n" "w 2 6 if=7\nagain!" "r 2 after=1 wait=100\n"
     "q\n",
     "ok 0 version=1 size=5\n" "ok 5 version=1 size=5\nhello"
     "err conflict version=1: expected version 7\n"
     "err timeout: nothing newer than version 1 in 100 ms\n" "ok 0\n",
     CLOSED},
};
/* clang-format on */

static void
open_script(struct scene *scene)
{
    open_scene(scene, PACKET, MAILBOX);
    fake_store_put(&scene->fake, 3, "hello");
}

static void
check_script(const struct scene *scene, const struct script *script)
{
    enum ending ending = scene->next == SESSION_CLOSE ? CLOSED : OPEN;

    if (strcmp(scene->said, script->answered) != 0 ||
        ending != script->ending) {
        print_error("after \"%s\":\n", script->sent);
    }
    assert_string_equal(scene->said, script->answered);
    assert_int_equal(ending, script->ending);
}

static void
every_row_of_the_protocol_is_answered_as_it_says(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(scripts); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, scripts[i].sent);
        check_script(&scene, &scripts[i]);
        close_scene(&scene);
    }
}

static void
two_pieces_are_answered_like_one(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(scripts); i++) {
        size_t length = strlen(scripts[i].sent);
        size_t cut;

        for (cut = 1; cut < length; cut++) {
            struct scene scene;

            open_script(&scene);
            feed(&scene, scripts[i].sent, cut);
            feed(&scene, scripts[i].sent + cut, length - cut);
            check_script(&scene, &scripts[i]);
            close_scene(&scene);
        }
    }
}

static void
single_bytes_are_answered_like_one_piece(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(scripts); i++) {
        const char *byte;
        struct scene scene;

        open_script(&scene);
        for (byte = scripts[i].sent; *byte != '\0'; byte++) {
            feed(&scene, byte, 1);
        }
        check_script(&scene, &scripts[i]);
        close_scene(&scene);
    }
}

static void
answers_sent_byte_by_byte_are_the_same(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(scripts); i++) {
        struct scene scene;

        open_script(&scene);
        scene.send_max = 1;
        say(&scene, scripts[i].sent);
        check_script(&scene, &scripts[i]);
        close_scene(&scene);
    }
}

static void
a_session_that_rests_between_bytes_is_the_same(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(scripts); i++) {
        const char *byte;
        struct scene scene;

        open_script(&scene);
        for (byte = scripts[i].sent; *byte != '\0'; byte++) {
            session_rest(scene.session);
            feed(&scene, byte, 1);
        }
        check_script(&scene, &scripts[i]);
        session_rest(scene.session);
        assert_int_equal(session_held_bytes(scene.session), 0);
        close_scene(&scene);
    }
}

/*
 * Cut off at any byte, a script gets the answers to what is whole, and at most
 * one more: that the rest was cut short, or to a header without its newline.
 */
static void
a_script_cut_off_at_any_byte_is_answered_so_far(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(scripts); i++) {
        size_t length = strlen(scripts[i].sent);
        size_t cut;

        for (cut = 0; cut <= length; cut++) {
            const char *so_far;
            size_t whole_bytes;
            struct scene scene;

            open_script(&scene);
            feed(&scene, scripts[i].sent, cut);
            whole_bytes = scene.said_bytes;
            assert_memory_equal(scene.said, scripts[i].answered, whole_bytes);
            end(&scene);
            assert_closed(&scene);
            so_far = scene.said + whole_bytes;
            assert_true(*so_far == '\0' || strncmp(so_far, "ok ", 3) == 0 ||
                        strncmp(so_far, "err no-such", 11) == 0 ||
                        strncmp(so_far,
                                "err bad-request: the request was "
                                "cut short",
                                42) == 0);
            close_scene(&scene);
        }
    }
}

static void
a_header_line_may_have_255_bytes(void **state)
{
    static const char *const ends[] = {"\n", "\r\n"};
    size_t length;

    (void)state;
    for (length = 254; length <= 257; length++) {
        size_t i;

        for (i = 0; i < COUNT(ends); i++) {
            struct scene scene;
            char line[300];

            memset(line, ' ', sizeof line);
            memcpy(line, "r", 1);
            memcpy(line + length - 1, "3", 1);
            strcpy(line + length, ends[i]);
            open_script(&scene);
            say(&scene, line);
            if (length <= 255) {
                assert_said(&scene, HELLO);
                assert_open(&scene);
            } else {
                assert_said(&scene,
                            BAD "the header line is longer than 255 bytes\n");
                assert_closed(&scene);
            }
            close_scene(&scene);
        }
    }
}

/* ---- Unframed writes and headers without their newline. ---- */

static void
silence_ends_an_unframed_write(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3\nhel");
    assert_true(session_is_in_gap(scene->session));
    scene->fake.now_ns += GAP - 1;
    say(scene, "lo\nr 3\n");
    assert_int_equal(session_deadline_ns(scene->session),
                     scene->fake.now_ns + GAP);
    assert_said(scene, "");
    fall_silent(scene);
    assert_said(scene, "ok 0 version=1 size=10\n");
    assert_content(scene, 3, 1, "hello\nr 3\n");
    say(scene, "r 3 max=5\n");
    assert_said(scene, "ok 5 version=1 size=10\nhello");
}

static void
bytes_that_race_with_the_end_of_the_gap_still_belong_to_the_data(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3\nhel");
    scene->fake.now_ns += 2 * GAP;
    say(scene, "lo");
    assert_said(scene, "");
    fall_silent(scene);
    assert_content(scene, 3, 1, "hello");
}

static void
bytes_received_after_the_end_of_the_gap_take_it_back(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3\nhel");
    session_expired(scene->session);
    say(scene, "lo");
    assert_said(scene, "");
    fall_silent(scene);
    assert_content(scene, 3, 1, "hello");
}

static void
an_unframed_write_with_no_byte_of_data_is_not_ended_by_the_gap(void **state)
{
    struct scene *scene = *state;
    uint64_t begun_ns = scene->fake.now_ns;

    say(scene, "w 3\n");
    assert_false(session_is_in_gap(scene->session));
    assert_int_equal(session_deadline_ns(scene->session),
                     begun_ns + REQUEST_TIMEOUT);
    scene->fake.now_ns += 10 * GAP;
    say(scene, "x");
    fall_silent(scene);
    assert_said(scene, "ok 0 version=1 size=1\n");
}

static void
half_close_ends_an_unframed_write(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3\nhello\n");
    end(scene);
    assert_said(scene, "ok 0 version=1 size=6\n");
    assert_closed(scene);
    assert_content(scene, 3, 1, "hello\n");
}

static void
no_byte_before_the_half_close_writes_the_empty_string(void **state)
{
    struct scene *scene = *state;

    fake_store_put(&scene->fake, 3, "hello");
    say(scene, "w 3\n");
    end(scene);
    assert_said(scene, "ok 0 version=2 size=0\n");
    assert_closed(scene);
    assert_content(scene, 3, 2, "");
}

static void
a_whole_packet_may_come_unframed(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3\n" SIXTY "0123");
    fall_silent(scene);
    assert_said(scene, "ok 0 version=1 size=64\n");
}

static void
more_than_a_packet_unframed_is_dropped_to_its_end(void **state)
{
    struct scene *scene = *state;
    int i;

    say(scene, "w 3\n" SIXTY "r 3\n");
    for (i = 0; i < 500; i++) {
        say(scene, "r 3\nq\n");
        assert_true(session_is_in_gap(scene->session));
    }
    assert_said(scene, "");
    fall_silent(scene);
    assert_said(scene,
                "err too-large: 3064 bytes are more than a packet of 64\n");
    assert_content(scene, 3, 0, "");
    say(scene, "r 3\n");
    assert_said(scene, "ok 0 version=0 size=0\n");
}

static void
each_unframed_write_is_judged_by_itself(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 99\nabc");
    fall_silent(scene);
    assert_said(scene, NO_99);
    say(scene, "w 3\n" SIXTY TEN);
    fall_silent(scene);
    assert_said(scene,
                "err too-large: 70 bytes are more than a packet of 64\n");
    say(scene, "w 3\n" SIXTY SIXTY);
    fall_silent(scene);
    assert_said(scene,
                "err too-large: 120 bytes are more than a packet of 64\n");
    say(scene, "w 3\nhello");
    fall_silent(scene);
    assert_said(scene, "ok 0 version=1 size=5\n");
}

static void
more_than_a_packet_before_the_half_close_is_too_large(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3\n" SIXTY SIXTY);
    end(scene);
    assert_said(scene,
                "err too-large: 120 bytes are more than a packet of 64\n");
    assert_closed(scene);
    assert_content(scene, 3, 0, "");
}

static void
unframed_data_longer_than_a_mailbox_is_too_large(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, 64, 10);
    say(&scene, "w 3\n" TEN "x");
    fall_silent(&scene);
    assert_said(&scene, "err too-large: the content would be longer than a "
                        "mailbox of 10 bytes\n");
    assert_open(&scene);
    assert_content(&scene, 3, 0, "");
    close_scene(&scene);
}

static void
unframed_data_for_no_mailbox_is_dropped_to_its_end(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 99\n");
    assert_false(session_is_in_gap(scene->session));
    say(scene, "r 3\n");
    assert_said(scene, "");
    fall_silent(scene);
    assert_said(scene, NO_99);
    say(scene, "r 3\n");
    assert_said(scene, "ok 0 version=0 size=0\n");
}

static void
answers_before_an_unframed_write_are_sent_before_its_end(void **state)
{
    struct scene *scene = *state;

    say(scene, "r 3\nw 3\nhello");
    assert_said(scene, "ok 0 version=0 size=0\n");
    fall_silent(scene);
    assert_said(scene, "ok 0 version=1 size=5\n");
}

static void
silence_ends_a_header_without_its_newline(void **state)
{
    struct scene *scene = *state;

    fake_store_put(&scene->fake, 3, "hello");
    say(scene, "r 3");
    assert_true(session_is_in_gap(scene->session));
    fall_silent(scene);
    assert_said(scene, HELLO);
    say(scene, "r 3\nr");
    assert_said(scene, HELLO);
    assert_false(session_is_in_gap(scene->session));
    say(scene, " 99");
    fall_silent(scene);
    assert_said(scene, NO_99);
    say(scene, "q 3");
    fall_silent(scene);
    assert_said(scene, "ok 0\n");
    assert_closed(scene);
}

static void
every_other_header_waits_for_its_newline(void **state)
{
    static const char *const headers[] = {
        "r",   "r ",  "r 3 ",    " r 3",     "r  3", "r 3\r", "r 3 at=1",
        "s",   "s 3", "r 3 m=1", "w 3",      "w 3 ", "w 3 5", "x",
        "q x", " ",   "r x",     "q 3 at=1", "q ",   "\r"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(headers); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, headers[i]);
        assert_open(&scene);
        assert_false(session_is_in_gap(scene.session));
        assert_int_equal(session_deadline_ns(scene.session),
                         scene.fake.now_ns + REQUEST_TIMEOUT);
        assert_said(&scene, "");
        close_scene(&scene);
    }
}

static void
the_gap_begins_when_everything_before_has_been_answered(void **state)
{
    struct scene *scene = *state;
    void *room;
    size_t room_bytes;
    const void *data;
    size_t length;

    assert_int_equal(session_room(scene->session, &room, &room_bytes), 0);
    memcpy(room, "r 3\nr 3", 7);
    session_received(scene->session, 7);
    assert_int_equal(session_advance(scene->session), SESSION_SEND);
    scene->fake.now_ns += 100 * GAP;
    session_output(scene->session, &data, &length);
    session_sent(scene->session, length);
    assert_int_equal(session_advance(scene->session), SESSION_RECEIVE);
    assert_true(session_is_in_gap(scene->session));
    assert_int_equal(session_deadline_ns(scene->session),
                     scene->fake.now_ns + GAP);
}

static void
half_close_ends_a_header_without_its_newline(void **state)
{
    static const struct script rows[] = {
        {"r 3", HELLO, CLOSED},    {"r 3\nr 3", HELLO HELLO, CLOSED},
        {"q", "ok 0\n", CLOSED},   {"q 3", "ok 0\n", CLOSED},
        {"r 99", NO_99, CLOSED},   {"", "", CLOSED},
        {"  ", "", CLOSED},        {" \r", "", CLOSED},
        {"r 3\n ", HELLO, CLOSED},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, rows[i].sent);
        end(&scene);
        check_script(&scene, &rows[i]);
        close_scene(&scene);
    }
}

/* ---- Half-close. ---- */

#define NO_NEWLINE BAD "the request was cut short: no newline ends its header\n"

static void
a_request_cut_short_is_a_bad_request_and_changes_nothing(void **state)
{
    static const struct script rows[] = {
        {"r", NO_NEWLINE, CLOSED},
        {"r 3 at=1", NO_NEWLINE, CLOSED},
        {"s", NO_NEWLINE, CLOSED},
        {"w 3", NO_NEWLINE, CLOSED},
        {"w 3 5", NO_NEWLINE, CLOSED},
        {"w 3 5\n",
         BAD "the request was cut short: 0 of 5 bytes of data arrived\n",
         CLOSED},
        {"r 3\nw 3 5\nabcd",
         HELLO BAD "the request was cut short: 4 of 5 bytes of data "
                   "arrived\n",
         CLOSED},
        {"w 99 5\nabcd", NO_99, CLOSED},
        {"w 3 16777216\nabcd",
         "err too-large: 16777216 bytes are more than a packet of 64\n",
         CLOSED},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, rows[i].sent);
        end(&scene);
        check_script(&scene, &rows[i]);
        assert_content(&scene, 3, 1, "hello");
        close_scene(&scene);
    }
}

static void
half_close_is_answered_in_full_a_waiting_read_included(void **state)
{
    struct scene *scene = *state;
    void *room;
    size_t room_bytes;
    static const char sent[] = "r 2\nr 3 after=0\nr 3 max=0\n";

    scene->waits_by_hand = true;
    assert_int_equal(session_room(scene->session, &room, &room_bytes), 0);
    memcpy(room, sent, sizeof sent - 1);
    session_received(scene->session, sizeof sent - 1);
    session_ended(scene->session);
    run(scene);
    assert_int_equal(scene->next, SESSION_WAIT);
    assert_said(scene, "ok 0 version=0 size=0\n");
    fake_store_put(&scene->fake, 3, "hello");
    assert_false(session_has_news(scene->session));
    session_woken(scene->session, 0);
    assert_true(session_has_news(scene->session));
    run(scene);
    assert_said(scene, HELLO "ok 0 version=1 size=5\n");
    assert_closed(scene);
}

/* ---- Waiting for a version. ---- */

static void
a_read_waits_for_a_newer_version(void **state)
{
    struct scene *scene = *state;
    struct session_wanted wanted;

    scene->waits_by_hand = true;
    fake_store_put(&scene->fake, 3, "first");
    say(scene, "r 2\nr 3 after=1 wait=100\nr 2\n");
    assert_int_equal(scene->next, SESSION_WAIT);
    assert_said(scene, "ok 0 version=0 size=0\n");
    wanted = session_wanted(scene->session);
    assert_int_equal(wanted.mailbox, 3);
    assert_int_equal(wanted.version, 1);
    assert_int_equal(wanted.deadline_ns, scene->fake.now_ns + 100 * MS);
    fake_store_put(&scene->fake, 3, "hello");
    session_woken(scene->session, 0);
    run(scene);
    assert_said(scene, "ok 5 version=2 size=5\nhellook 0 version=0 size=0\n");
    assert_open(scene);
}

static void
a_wake_up_for_nothing_waits_on_until_the_same_deadline(void **state)
{
    struct scene *scene = *state;
    uint64_t deadline_ns = scene->fake.now_ns + 100 * MS;
    int i;

    scene->waits_by_hand = true;
    say(scene, "r 3 after=0 wait=100\n");
    for (i = 0; i < 3; i++) {
        assert_int_equal(scene->next, SESSION_WAIT);
        assert_int_equal(session_wanted(scene->session).deadline_ns,
                         deadline_ns);
        scene->fake.now_ns += 10 * MS;
        session_woken(scene->session, 0);
        run(scene);
    }
    session_woken(scene->session, ETIMEDOUT);
    run(scene);
    assert_said(scene, "err timeout: nothing newer than version 0 in 100 ms\n");
    assert_open(scene);
    assert_int_equal(scene->statistics.timeouts, 1);
}

static void
each_read_waits_for_its_own_time(void **state)
{
    struct scene *scene = *state;

    say(scene, "r 3 after=0 wait=100\n");
    assert_said(scene, "err timeout: nothing newer than version 0 in 100 ms\n");
    scene->waits_by_hand = true;
    say(scene, "r 3 after=0 wait=200\n");
    assert_int_equal(scene->next, SESSION_WAIT);
    assert_int_equal(session_wanted(scene->session).deadline_ns,
                     scene->fake.now_ns + 200 * MS);
    assert_said(scene, "");
}

static void
a_version_that_comes_with_the_timeout_is_answered(void **state)
{
    struct scene *scene = *state;

    scene->waits_by_hand = true;
    say(scene, "r 3 after=0 wait=100\n");
    fake_store_put(&scene->fake, 3, "hello");
    session_woken(scene->session, ETIMEDOUT);
    run(scene);
    assert_said(scene, HELLO);
    assert_int_equal(scene->statistics.timeouts, 0);
}

static void
if_is_judged_on_the_version_after_the_wait(void **state)
{
    struct scene *scene = *state;

    scene->waits_by_hand = true;
    fake_store_put(&scene->fake, 3, "first");
    say(scene, "r 3 after=1 if=2\n");
    fake_store_put(&scene->fake, 3, "hello");
    session_woken(scene->session, 0);
    run(scene);
    assert_said(scene, "ok 5 version=2 size=5\nhello");
    say(scene, "r 3 after=2 if=2\n");
    assert_int_equal(scene->next, SESSION_WAIT);
    fake_store_put(&scene->fake, 3, "third");
    session_woken(scene->session, 0);
    run(scene);
    assert_said(scene, "err conflict version=3: expected version 2\n");
    assert_open(scene);
}

static void
a_version_already_newer_is_not_waited_for(void **state)
{
    struct scene *scene = *state;

    fake_store_put(&scene->fake, 3, "hello");
    say(scene, "r 3 after=0\nr 3 after=1 wait=0\n");
    assert_int_equal(scene->waits, 0);
    assert_said(scene,
                HELLO "err timeout: nothing newer than version 1 in 0 ms\n");
}

static void
a_cancelled_wait_says_that_the_server_is_ending(void **state)
{
    struct scene *scene = *state;

    scene->waits_by_hand = true;
    say(scene, "r 3 after=0\nr 3\n");
    session_woken(scene->session, ECANCELED);
    run(scene);
    assert_said(scene, ENDING);
    assert_closed(scene);
}

static void
a_wait_that_fails_is_internal(void **state)
{
    struct scene *scene = *state;

    scene->waits_by_hand = true;
    say(scene, "r 3 after=0\nr 3\n");
    session_woken(scene->session, EIO);
    run(scene);
    assert_said(scene, "err internal: a fault in the server; its log tells "
                       "more\n");
    assert_closed(scene);
    assert_int_equal(session_fault(scene->session), EIO);
}

/* The longest wait need not be a whole number of milliseconds. */
static void
a_wait_is_as_long_as_was_asked_or_as_is_honoured(void **state)
{
    static const struct {
        uint64_t max_ns;
        const char *sent;
        uint64_t wait_ns;
    } rows[] = {
        {2 * MS + 1, "r 3 after=0 wait=1\n", MS},
        {2 * MS + 1, "r 3 after=0 wait=2\n", 2 * MS},
        {2 * MS + 1, "r 3 after=0 wait=3\n", 2 * MS + 1},
        {1, "r 3 after=0\n", 1},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct scene scene;

        open_scene(&scene, PACKET, MAILBOX);
        scene.config.wait_max_ns = rows[i].max_ns;
        scene.waits_by_hand = true;
        say(&scene, rows[i].sent);
        assert_int_equal(scene.next, SESSION_WAIT);
        assert_int_equal(session_wanted(scene.session).deadline_ns,
                         scene.fake.now_ns + rows[i].wait_ns);
        close_scene(&scene);
    }
}

/* ---- Time-outs of a connection. ---- */

#define TOO_LATE BAD "the request was not finished within 30000 ms\n"

static void
a_request_begun_and_not_finished_is_refused(void **state)
{
    static const char *const parts[] = {"x",      "r 3 ",    " ",
                                        "w 3\n",  "w 3 5\n", "w 3 5\nhel",
                                        "w 99\n", "\n\nr",   "w 3 5"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(parts); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, parts[i]);
        fall_silent(&scene);
        assert_said(&scene, TOO_LATE);
        assert_closed(&scene);
        assert_content(&scene, 3, 1, "hello");
        assert_int_equal(scene.statistics.bad_requests, 1);
        close_scene(&scene);
    }
}

static void
a_trickle_of_bytes_does_not_prolong_a_request(void **state)
{
    struct scene *scene = *state;
    uint64_t deadline_ns = scene->fake.now_ns + REQUEST_TIMEOUT;
    int i;

    say(scene, "w 3 50\n");
    for (i = 0; i < 20; i++) {
        assert_int_equal(session_deadline_ns(scene->session), deadline_ns);
        scene->fake.now_ns += REQUEST_TIMEOUT / 25;
        say(scene, "x");
    }
    fall_silent(scene);
    assert_said(scene, TOO_LATE);
    assert_closed(scene);
}

/* Its data belongs to it, refused or not: no refusal gives it more time. */
static void
the_data_of_a_refused_write_has_the_time_of_its_request(void **state)
{
    static const char *const begun[] = {"w 0 5 is=7", "w 9 5", "w 0 5 if=7"};
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        const uint64_t begun_ns = scene->fake.now_ns;
        say(scene, begun[i]);
        scene->fake.now_ns += REQUEST_TIMEOUT / 2;
        say(scene, "\nab");
        assert_int_equal(session_deadline_ns(scene->session),
                         begun_ns + REQUEST_TIMEOUT);
        say(scene, "cde");
        assert_open(scene);
        scene->said_bytes = 0;
    }
}

static void
a_trickle_of_unframed_data_ends_with_the_request_timeout(void **state)
{
    struct scene *scene = *state;
    uint64_t deadline_ns = scene->fake.now_ns + REQUEST_TIMEOUT;

    say(scene, "w 3\n");
    while (scene->fake.now_ns + GAP < deadline_ns) {
        scene->fake.now_ns += GAP - 1;
        say(scene, "x");
    }
    fall_silent(scene);
    assert_said(scene, TOO_LATE);
    assert_closed(scene);
    assert_content(scene, 3, 0, "");
}

/* The data is whole when its gap ends, even if the time ends just then. */
static void
a_gap_that_ends_with_the_request_timeout_ends_the_data(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3\n");
    scene->fake.now_ns += REQUEST_TIMEOUT - GAP;
    say(scene, "x");
    fall_silent(scene);
    assert_said(scene, "ok 0 version=1 size=1\n");
    say(scene, "w 3\n");
    scene->fake.now_ns += REQUEST_TIMEOUT - GAP + 1;
    say(scene, "x");
    fall_silent(scene);
    assert_said(scene, TOO_LATE);
}

static void
each_line_of_any_kind_has_its_own_time(void **state)
{
    static const char *const lines[] = {"s\n",   "s 3\n",  "\n",    "bad\n",
                                        "r 3\n", "r 99\n", "s 99\n"};
    struct scene *scene = *state;
    size_t i;

    for (i = 0; i < COUNT(lines); i++) {
        feed(scene, lines[i], 1);
        scene->fake.now_ns += REQUEST_TIMEOUT - 1;
        say(scene, lines[i] + 1);
        say(scene, " ");
        assert_int_equal(session_deadline_ns(scene->session),
                         scene->fake.now_ns + REQUEST_TIMEOUT);
        say(scene, "\n");
    }
}

static void
each_request_has_its_own_time(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3 2\nx");
    scene->fake.now_ns += REQUEST_TIMEOUT - 1;
    say(scene, "xw 3 2\nx");
    assert_int_equal(session_deadline_ns(scene->session),
                     scene->fake.now_ns + REQUEST_TIMEOUT);
    scene->fake.now_ns += REQUEST_TIMEOUT - 1;
    say(scene, "x");
    assert_content(scene, 3, 2, "xx");
    assert_open(scene);
}

static void
announced_bytes_that_never_come_close_without_a_second_answer(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 99 50\nabc");
    assert_said(scene, NO_99);
    fall_silent(scene);
    assert_said(scene, "");
    assert_closed(scene);
}

static void
an_idle_connection_is_told_and_closed(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(session_deadline_ns(scene->session),
                     scene->fake.now_ns + IDLE_TIMEOUT);
    scene->fake.now_ns += IDLE_TIMEOUT - 1;
    say(scene, "r 3\n");
    assert_said(scene, "ok 0 version=0 size=0\n");
    assert_int_equal(session_deadline_ns(scene->session),
                     scene->fake.now_ns + IDLE_TIMEOUT);
    fall_silent(scene);
    assert_said(scene, "err timeout: idle for longer than 90000 ms\n");
    assert_closed(scene);
    assert_int_equal(scene->statistics.timeouts, 0);
}

static void
nothing_is_due_before_a_session_has_begun(void **state)
{
    struct scene *scene = *state;

    session_destroy(scene->session);
    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &scene->session), 0);
    assert_true(session_deadline_ns(scene->session) == SESSION_FOREVER);
}

static void
a_session_without_an_idle_timeout_may_be_silent_for_ever(void **state)
{
    struct scene *scene = *state;

    scene->config.idle_timeout_ns = SESSION_FOREVER;
    say(scene, "r 3\n");
    assert_true(session_deadline_ns(scene->session) == SESSION_FOREVER);
    say(scene, "r");
    assert_int_equal(session_deadline_ns(scene->session),
                     scene->fake.now_ns + REQUEST_TIMEOUT);
}

/* ---- The end of the server. ---- */

static void
an_idle_session_that_is_stopped_just_closes(void **state)
{
    static const char *const before[] = {"", "r 3\n", "\n", "  ", "\r"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(before); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, before[i]);
        scene.said_bytes = 0;
        scene.said[0] = '\0';
        stop(&scene);
        assert_said(&scene, "");
        assert_closed(&scene);
        close_scene(&scene);
    }
}

static void
a_request_under_way_is_told_that_the_server_is_ending(void **state)
{
    static const char *const parts[] = {"r",          "r 3",   "w 3 5\n",
                                        "w 3 5\nhel", "w 3\n", "w 3\nhello",
                                        "w 99\nhello"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(parts); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, parts[i]);
        stop(&scene);
        assert_said(&scene, ENDING);
        assert_closed(&scene);
        assert_content(&scene, 3, 1, "hello");
        close_scene(&scene);
    }
}

static void
a_waiting_read_is_told_that_the_server_is_ending(void **state)
{
    struct scene *scene = *state;

    scene->waits_by_hand = true;
    say(scene, "r 3 after=0\nr 3\n");
    stop(scene);
    assert_said(scene, ENDING);
    assert_closed(scene);
}

static void
a_refused_write_that_is_stopped_is_not_answered_twice(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 99 5\nabc");
    assert_said(scene, NO_99);
    stop(scene);
    assert_said(scene, "");
    assert_closed(scene);
}

static void
answers_gathered_before_a_stop_are_still_sent(void **state)
{
    struct scene *scene = *state;
    void *room;
    size_t room_bytes;

    fake_store_put(&scene->fake, 3, "hello");
    assert_int_equal(session_room(scene->session, &room, &room_bytes), 0);
    memcpy(room, "r 3\nw 3 5\nab", 12);
    session_received(scene->session, 12);
    assert_int_equal(session_advance(scene->session), SESSION_SEND);
    scene->send_max = 7;
    stop(scene);
    assert_said(scene, HELLO ENDING);
    assert_closed(scene);
}

/* ---- Faults of the store. ---- */

static void
a_lock_not_had_is_busy_and_the_connection_stays(void **state)
{
    struct scene *scene = *state;

    scene->fake.read_error = EBUSY;
    scene->fake.write_error = EBUSY;
    scene->fake.describe_error = EBUSY;
    say(scene, "r 3\nw 3 2\nhis 3\nw 3\nx");
    fall_silent(scene);
    assert_said(scene,
                "err busy: mailbox 3 was locked for too long: try again\n"
                "err busy: mailbox 3 was locked for too long: try again\n"
                "err busy: mailbox 3 was locked for too long: try again\n"
                "err busy: mailbox 3 was locked for too long: try again\n");
    assert_open(scene);
    assert_int_equal(scene->statistics.lock_timeouts, 4);
    assert_int_equal(scene->statistics.reads, 0);
    assert_int_equal(scene->statistics.writes, 0);
    scene->fake.read_error = 0;
    say(scene, "r 3\n");
    assert_said(scene, "ok 0 version=0 size=0\n");
}

static void
an_unknown_outcome_is_internal_and_closes(void **state)
{
    struct scene *scene = *state;

    scene->fake.write_error = EINPROGRESS;
    scene->fake.writes_anyway = true;
    say(scene, "r 3\nw 3 2\nhir 3\n");
    assert_said(scene, "ok 0 version=0 size=0\n"
                       "err internal: the outcome is unknown: read before "
                       "you try again\n");
    assert_closed(scene);
    assert_int_equal(session_fault(scene->session), EINPROGRESS);
}

static void
any_other_fault_is_internal_and_closes(void **state)
{
    static const char *const requests[] = {"r 3\n", "w 3 2\nhi", "s 3\n",
                                           "r 3 after=0\n", "w 3 2 if=1\nhi"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(requests); i++) {
        struct scene scene;

        open_script(&scene);
        assert_int_equal(session_fault(scene.session), 0);
        scene.fake.read_error = ENOTRECOVERABLE;
        scene.fake.write_error = ENOTRECOVERABLE;
        scene.fake.describe_error = ENOTRECOVERABLE;
        say(&scene, requests[i]);
        assert_said(&scene, "err internal: a fault in the server; its log "
                            "tells more\n");
        assert_closed(&scene);
        assert_int_equal(session_fault(scene.session), ENOTRECOVERABLE);
        close_scene(&scene);
    }
}

static void
a_fault_before_the_data_of_a_write_is_here_closes(void **state)
{
    struct scene *scene = *state;

    scene->fake.version_error = EIO;
    say(scene, "w 3 2 if=0\n");
    assert_said(scene, "err internal: a fault in the server; its log tells "
                       "more\n");
    assert_closed(scene);
}

static void
a_lock_cancelled_from_outside_says_that_the_server_is_ending(void **state)
{
    struct scene *scene = *state;

    scene->fake.write_error = ECANCELED;
    say(scene, "w 3 2\nhir 3\n");
    assert_said(scene, ENDING);
    assert_closed(scene);
}

static void
a_conflict_that_comes_with_the_data_is_the_stores_to_find(void **state)
{
    struct scene *scene = *state;

    fake_store_put(&scene->fake, 3, "first");
    say(scene, "w 3 5 if=1\nhel");
    assert_said(scene, "");
    fake_store_put(&scene->fake, 3, "second");
    say(scene, "lor 3\n");
    assert_said(scene, "err conflict version=2: expected version 1\n"
                       "ok 6 version=2 size=6\nsecond");
    assert_open(scene);
}

static void
a_refused_write_is_answered_before_its_data_comes(void **state)
{
    static const struct script rows[] = {
        {"w 3 5 if=7\n", "err conflict version=1: expected version 7\n", OPEN},
        {"w 99 5\n", NO_99, OPEN},
        {"w 3 5 foo=1\n", BAD "option \"foo\" is not one of w's: at and if\n",
         OPEN},
        {"w 3 65\n", "err too-large: 65 bytes are more than a packet of 64\n",
         OPEN},
        {"w 3 16777216\n",
         "err too-large: 16777216 bytes are more than a packet of 64\n", OPEN},
        {"w 3 1 at=100\n",
         "err too-large: the content would be longer than a mailbox of 100 "
         "bytes\n",
         OPEN},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, rows[i].sent);
        check_script(&scene, &rows[i]);
        close_scene(&scene);
    }
}

static void
sixteen_mebibytes_are_dropped_and_the_stream_stays_in_step(void **state)
{
    struct scene *scene = *state;
    char junk[4096];
    int i;

    memset(junk, '\n', sizeof junk);
    memcpy(junk, "q\n", 2);
    say(scene, "w 3 16777216\n");
    for (i = 0; i < 4096; i++) {
        feed(scene, junk, sizeof junk);
    }
    say(scene, "r 3\n");
    assert_said(scene,
                "err too-large: 16777216 bytes are more than a packet of "
                "64\nok 0 version=0 size=0\n");
    assert_open(scene);
}

/* ---- Batches and memory. ---- */

static void
a_batch_of_requests_is_answered_in_one_piece(void **state)
{
    struct scene scene;
    char sent[4097] = "";
    size_t used = 0;
    size_t count = 0;
    void *room;
    size_t room_bytes;

    (void)state;
    open_scene(&scene, 4096, 4096);
    while (used + 11 < 4096) {
        memcpy(sent + used, "w 3 5\nhello", 11);
        used += 11;
        count++;
    }
    assert_int_equal(session_room(scene.session, &room, &room_bytes), 0);
    assert_true(room_bytes >= used);
    feed(&scene, sent, used);
    assert_int_equal(scene.sends, 1);
    assert_int_equal(scene.statistics.writes, count);
    assert_true(count > 300);
    close_scene(&scene);
}

static void
the_next_batch_begins_when_the_last_one_is_sent(void **state)
{
    struct scene scene;
    const void *data;
    size_t length;
    void *room;
    uint64_t reads;
    int i;

    (void)state;
    open_scene(&scene, 4096, 4096);
    scene.fake.mailboxes[3].size_bytes = 4096;
    assert_int_equal(session_room(scene.session, &room, &length), 0);
    for (i = 0; i < 30; i++) {
        memcpy((char *)room + 4 * i, "r 3\n", 4);
    }
    assert_false(session_has_news(scene.session));
    session_received(scene.session, 120);
    assert_true(session_has_news(scene.session));
    assert_int_equal(session_advance(scene.session), SESSION_SEND);
    reads = scene.statistics.reads;
    assert_true(reads >= 8);
    assert_true(reads < 30);
    assert_int_equal(session_batch(scene.session), reads);
    session_output(scene.session, &data, &length);
    session_sent(scene.session, length - 1);
    assert_int_equal(session_advance(scene.session), SESSION_SEND);
    assert_int_equal(scene.statistics.reads, reads);
    assert_int_equal(session_batch(scene.session), 0);
    assert_false(session_has_news(scene.session));
    session_sent(scene.session, 1);
    assert_true(session_has_news(scene.session));
    assert_int_equal(session_advance(scene.session), SESSION_SEND);
    assert_int_equal(scene.statistics.reads, 2 * reads);
    assert_int_equal(session_batch(scene.session), reads);
    run(&scene);
    assert_int_equal(scene.statistics.reads, 30);
    assert_false(session_has_news(scene.session));
    assert_open(&scene);
    close_scene(&scene);
}

static void
small_requests_take_small_buffers_whatever_the_packet(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (size_t)64 << 20, MAILBOX);
    say(&scene, "r 3\nw 3 5\nhellor 3\ns\n");
    assert_open(&scene);
    assert_true(scene.held_max <= 20480);
    close_scene(&scene);
}

static void
buffers_stay_within_their_bounds(void **state)
{
    static const size_t packets[] = {1, 64, 4096, 60000};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(packets); i++) {
        size_t packet = packets[i];
        size_t bound = CODEC_HEADER_MAX + packet + SESSION_OUTPUT_MIN + packet;
        char *data = malloc(packet);
        char header[64];
        struct scene scene;
        int round;

        assert_non_null(data);
        memset(data, 'x', packet);
        open_scene(&scene, packet, packet);
        assert_int_equal(session_held_bytes(scene.session), 0);
        (void)snprintf(header, sizeof header, "w 3 %zu\n", packet);
        for (round = 0; round < 3; round++) {
            say(&scene, header);
            feed(&scene, data, packet);
        }
        for (round = 0; round < 5; round++) {
            scene.said_bytes = 0;
            say(&scene, "r 3\nr 3\nr 3\nr 3\nr 3\nr 3\nr 3\nr 3\nr 3\nr 3\n");
            say(&scene, "s\ns 1\ns\ns 1\ns\ns 1\ns\ns 1\ns\ns 1\ns\ns 1\n");
        }
        say(&scene, "w 3\n");
        for (round = 0; round < 3; round++) {
            feed(&scene, data, packet);
        }
        fall_silent(&scene);
        assert_open(&scene);
        assert_true(scene.held_max <= bound);
        assert_int_equal(scene.statistics.writes, 3);
        assert_int_equal(scene.statistics.reads, 50);
        session_rest(scene.session);
        assert_int_equal(session_held_bytes(scene.session), 0);
        free(data);
        close_scene(&scene);
    }
}

static void
a_waiting_session_holds_no_buffer_after_its_rest(void **state)
{
    struct scene *scene = *state;

    scene->waits_by_hand = true;
    say(scene, "r 3\nr 3 after=0\n");
    assert_int_equal(scene->next, SESSION_WAIT);
    session_rest(scene->session);
    assert_int_equal(session_held_bytes(scene->session), 0);
    fake_store_put(&scene->fake, 3, "hello");
    session_woken(scene->session, 0);
    run(scene);
    assert_said(scene, "ok 0 version=0 size=0\n" HELLO);
}

static void
a_wait_that_ends_after_a_rest_has_room_to_say_so(void **state)
{
    struct scene *scene = *state;

    scene->waits_by_hand = true;
    say(scene, "r 3 after=0 wait=5\n");
    session_rest(scene->session);
    assert_int_equal(session_held_bytes(scene->session), 0);
    session_woken(scene->session, ETIMEDOUT);
    run(scene);
    assert_said(scene, "err timeout: nothing newer than version 0 in 5 ms\n");
}

static void
a_session_gives_its_memory_back(void **state)
{
    const long before = fake_heap_blocks();
    struct scene scene;
    void *room;
    size_t room_bytes;

    (void)state;
    open_scene(&scene, PACKET, MAILBOX);
    say(&scene, "r 3\nr ");
    assert_int_equal(session_room(scene.session, &room, &room_bytes), 0);
    assert_int_equal(fake_heap_blocks(), before + 4); /* and what was said */
    close_scene(&scene);
    assert_int_equal(fake_heap_blocks(), before);
}

/* What lies before a beginning is used anew. */
static void
there_is_room_for_all_that_may_still_come(void **state)
{
    struct scene *scene = *state;
    const size_t bound = CODEC_HEADER_MAX + PACKET;
    char sent[400];
    size_t length = 0;
    void *room;
    size_t room_bytes;

    assert_int_equal(session_room(scene->session, &room, &room_bytes), 0);
    assert_int_equal(room_bytes, bound);
    while (length + 4 <= bound - 8) {
        memcpy(sent + length, "r 3\n", 4);
        length += 4;
    }
    memcpy(sent + length, "w 3 5\nab", 8);
    feed(scene, sent, length + 8);
    assert_int_equal(session_room(scene->session, &room, &room_bytes), 0);
    assert_int_equal(room_bytes, bound - 2);
}

static void
without_memory_the_room_that_is_left_is_used_to_its_end(void **state)
{
    struct scene scene;
    static char data[65536];
    void *room;
    size_t room_bytes;

    (void)state;
    open_scene(&scene, sizeof data, sizeof data);
    say(&scene, "w 3 60000\n");
    assert_int_equal(session_room(scene.session, &room, &room_bytes), 0);
    feed(&scene, data, room_bytes - 1);
    fake_heap_set(0);
    assert_int_equal(session_room(scene.session, &room, &room_bytes), 0);
    assert_int_equal(room_bytes, 1);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    close_scene(&scene);
}

static void
check_it(void *session)
{
    session_check(session);
}

static void
advance_it(void *session)
{
    (void)!session_advance(session);
}

/* Its input's bound is no longer that of the packets: N2. */
static void
a_check_finds_what_is_broken(void **state)
{
    struct scene *scene = *state;

    session_check(scene->session);
    assert_false(actor_aborts(check_it, scene->session));
    scene->config.packet_bytes = PACKET + 1;
    assert_true(actor_aborts(check_it, scene->session));
    assert_true(actor_aborts(advance_it, scene->session));
    scene->config.packet_bytes = PACKET;
}

static void
a_rest_keeps_what_is_not_answered_yet(void **state)
{
    struct scene *scene = *state;

    say(scene, "w 3 5\nhel");
    session_rest(scene->session);
    assert_true(session_held_bytes(scene->session) > 0);
    say(scene, "lo");
    assert_said(scene, "ok 0 version=1 size=5\n");
}

#define OUT_OF_MEMORY "err internal: the server is out of memory\n"

/* Feed bytes until there is no memory to receive into. */
static void
feed_without_memory(struct scene *scene, const char *bytes, size_t length)
{
    while (length > 0 && scene->next == SESSION_RECEIVE) {
        void *room;
        size_t piece;

        if (session_room(scene->session, &room, &piece) != 0) {
            return;
        }
        if (piece > length) {
            piece = length;
        }
        memcpy(room, bytes, piece);
        session_received(scene->session, piece);
        bytes += piece;
        length -= piece;
        run(scene);
    }
}

static unsigned
count_of(const char *text, const char *part)
{
    unsigned count = 0;

    for (text = strstr(text, part); text != NULL;
         text = strstr(text + 1, part)) {
        count++;
    }
    return count;
}

/*
 * With the heap at its end after any number of allocations, what was said is
 * the beginning of what should be, and then that there is no memory; and what
 * was done is what was said.
 */
static void
without_memory_nothing_is_done_that_is_not_told(void **state)
{
    char sent[4096] = "";
    char data[1025];
    unsigned failed = 0;
    long allocations;
    struct scene scene;
    char *whole;
    int i;

    (void)state;
    memset(data, 'x', sizeof data - 1);
    data[sizeof data - 1] = '\0';
    strcat(sent, "w 3 1024\n");
    strcat(sent, data);
    strcat(sent, "w 3 1024\n");
    strcat(sent, data);
    for (i = 0; i < 20; i++) {
        strcat(sent, "r 3\nw 2 2\nhis 1\n");
    }
    open_scene(&scene, 4096, 4096);
    say(&scene, sent);
    assert_open(&scene);
    whole = strdup(scene.said);
    assert_non_null(whole);
    close_scene(&scene);
    for (allocations = 0; allocations < 12; allocations++) {
        size_t said;

        open_scene(&scene, 4096, 4096);
        fake_heap_set(allocations);
        feed_without_memory(&scene, sent, strlen(sent));
        fake_heap_set(FAKE_HEAP_ENDLESS);
        said = scene.said_bytes;
        if (scene.next == SESSION_CLOSE) {
            said -= strlen(OUT_OF_MEMORY);
            assert_string_equal(scene.said + said, OUT_OF_MEMORY);
            assert_int_equal(session_fault(scene.session), ENOMEM);
            failed++;
        }
        assert_true(said <= strlen(whole));
        assert_memory_equal(scene.said, whole, said);
        assert_int_equal(count_of(scene.said, "size=1024\n") -
                             count_of(scene.said, "ok 1024"),
                         scene.fake.mailboxes[3].version);
        assert_int_equal(count_of(scene.said, "size=2\n"),
                         scene.fake.mailboxes[2].version);
        session_rest(scene.session);
        close_scene(&scene);
    }
    assert_true(failed >= 2);
    free(whole);
}

static void
a_session_that_has_no_memory_for_its_answer_closes_with_last_words(void **state)
{
    static const char *const requests[] = {"r 3\n", "w 3 2\n", "s\n",
                                           "x\n",   "q\n",     "w\n"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(requests); i++) {
        struct scene scene;

        open_script(&scene);
        scene.send_max = 3;
        fake_heap_set(1);
        say(&scene, requests[i]);
        fake_heap_set(FAKE_HEAP_ENDLESS);
        assert_said(&scene, OUT_OF_MEMORY);
        assert_closed(&scene);
        assert_content(&scene, 3, 1, "hello");
        assert_int_equal(scene.statistics.bytes_out, strlen(OUT_OF_MEMORY));
        close_scene(&scene);
    }
}

static void
a_write_whose_answer_finds_no_memory_is_not_done(void **state)
{
    struct scene scene;

    (void)state;
    open_script(&scene);
    say(&scene, "w 3 5\nwor");
    session_rest(scene.session);
    fake_heap_set(0);
    say(&scene, "ld");
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_said(&scene, OUT_OF_MEMORY);
    assert_closed(&scene);
    assert_content(&scene, 3, 1, "hello");
    close_scene(&scene);
}

static void
what_a_silence_ends_finds_no_memory_and_is_not_done(void **state)
{
    static const char *const parts[] = {"w 3\nworld", "r 3", "q", "w 3 5\n"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(parts); i++) {
        struct scene scene;

        open_script(&scene);
        say(&scene, parts[i]);
        session_rest(scene.session);
        fake_heap_set(0);
        fall_silent(&scene);
        fake_heap_set(FAKE_HEAP_ENDLESS);
        assert_said(&scene, OUT_OF_MEMORY);
        assert_closed(&scene);
        assert_content(&scene, 3, 1, "hello");
        close_scene(&scene);
    }
}

static void
without_memory_to_receive_into_a_session_can_try_again(void **state)
{
    struct scene *scene = *state;
    void *room;
    size_t room_bytes;

    fake_heap_set(0);
    assert_int_equal(session_room(scene->session, &room, &room_bytes), ENOMEM);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    say(scene, "r 3\n");
    assert_said(scene, "ok 0 version=0 size=0\n");
}

static void
without_memory_there_is_no_session(void **state)
{
    struct scene *scene = *state;
    struct session *session;

    fake_heap_set(0);
    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &session), ENOMEM);
    fake_heap_set(FAKE_HEAP_ENDLESS);
}

/* ---- Statistics. ---- */

static void
what_happens_is_counted(void **state)
{
    struct scene *scene = *state;
    struct statistics *statistics = &scene->statistics;
    static const char sent[] = "r 3\nw 3 1\nxw 3 1\nyr 3 if=1\nw 3 1 if=9\nz"
                               "r 3 after=9 wait=1\nbad\nr 99\nw 3 1 x\nz";

    say(scene, sent);
    assert_int_equal(statistics->reads, 1);
    assert_int_equal(statistics->writes, 2);
    assert_int_equal(statistics->conflicts, 2);
    assert_int_equal(statistics->timeouts, 1);
    assert_int_equal(statistics->bad_requests, 2);
    assert_int_equal(statistics->bytes_in, sizeof sent - 1);
    assert_int_equal(statistics->bytes_out, scene->said_bytes);
}

static void
every_request_is_counted_once(void **state)
{
    static const char *const requests[] = {
        "r 3\n", "w 3 2\nhi", "bad\n",           "r 99\n",
        "s\n",   "w 99 1\nx", "w 3 1 what=1\nx", "r 3 after=9 wait=1\n"};
    struct scene *scene = *state;
    size_t i;

    for (i = 0; i < COUNT(requests); i++) {
        say(scene, requests[i]);
        assert_int_equal(scene->statistics.requests, i + 1);
    }
    say(scene, "r 3\nr 3\nr");
    assert_int_equal(scene->statistics.requests, i + 2);
}

static void
who_waits_is_counted_while_it_does(void **state)
{
    struct scene *scene = *state;
    const _Atomic uint64_t *waiting = &scene->statistics.waiting;

    scene->waits_by_hand = true;
    say(scene, "r 3 after=0\n");
    assert_int_equal(*waiting, 1);
    session_woken(scene->session, 0);
    assert_int_equal(*waiting, 0);
    run(scene);
    assert_int_equal(scene->next, SESSION_WAIT);
    assert_int_equal(*waiting, 1);
    session_destroy(scene->session);
    assert_int_equal(*waiting, 0);
    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &scene->session), 0);
}

static void
the_servers_statistics_are_answered_as_data(void **state)
{
    struct scene *scene = *state;
    unsigned length;
    int header;

    say(scene, "r 3\ns\n");
    assert_int_equal(sscanf(scene->said, "ok 0 version=0 size=0\nok %u\n%n",
                            &length, &header),
                     1);
    assert_int_equal((size_t)header + length, scene->said_bytes);
    assert_int_equal(strncmp(scene->said + header, "version ", 8), 0);
    assert_non_null(strstr(scene->said, "\nreads 1\n"));
}

static void
the_refusal_of_a_client_is_a_whole_answer(void **state)
{
    const char *refusal = protocol_refusal(PROTOCOL_DIPC);

    (void)state;
    assert_int_equal(strncmp(refusal, "err busy: ", 10), 0);
    assert_int_equal(strchr(refusal, '\n') - refusal + 1, strlen(refusal));
}

/* ---- Random requests against a model. ---- */

#define MODEL_PACKET 48
#define MODEL_MAILBOX 64
#define MODEL_SCRIPT_MAX 8192

/* A second, simpler idea of what the protocol means, and what it expects. */
struct model {
    uint64_t random;
    char content[FAKE_STORE_MAILBOXES][MODEL_MAILBOX];
    unsigned size[FAKE_STORE_MAILBOXES];
    unsigned version[FAKE_STORE_MAILBOXES];
    size_t sent_bytes;
    size_t expected_bytes;
    char sent[MODEL_SCRIPT_MAX];
    char expected[MODEL_SCRIPT_MAX];
};

static unsigned
pick(struct model *model, unsigned choices)
{
    model->random = model->random * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(model->random >> 33) % choices;
}

__attribute__((format(printf, 2, 3))) static void
ask(struct model *model, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    model->sent_bytes += (size_t)vsnprintf(model->sent + model->sent_bytes,
                                           MODEL_SCRIPT_MAX - model->sent_bytes,
                                           format, arguments);
    va_end(arguments);
    assert_true(model->sent_bytes < MODEL_SCRIPT_MAX);
}

__attribute__((format(printf, 2, 3))) static void
expect(struct model *model, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    model->expected_bytes += (size_t)vsnprintf(
        model->expected + model->expected_bytes,
        MODEL_SCRIPT_MAX - model->expected_bytes, format, arguments);
    va_end(arguments);
    assert_true(model->expected_bytes < MODEL_SCRIPT_MAX);
}

static void
ask_for_a_read(struct model *model)
{
    unsigned m = pick(model, FAKE_STORE_MAILBOXES + 1);
    unsigned at = pick(model, 3) == 0 ? pick(model, MODEL_MAILBOX + 9) : 0;
    unsigned most = pick(model, 3) == 0 ? pick(model, 70) : MODEL_PACKET;
    unsigned after = pick(model, 5);
    unsigned if_version = pick(model, 4);
    unsigned length;

    ask(model, "r  %u at=%u max=%u", m, at, most);
    if (after > 0) {
        ask(model, " after=%u wait=%u", after - 1, pick(model, 3) * 7);
    }
    if (if_version > 0) {
        ask(model, " if=%u", if_version);
    }
    ask(model, pick(model, 4) == 0 ? "\r\n" : "\n");
    if (m >= FAKE_STORE_MAILBOXES) {
        expect(model, "err no-such-mailbox\n");
    } else if (after > 0 && model->version[m] <= after - 1) {
        expect(model, "err timeout\n");
    } else if (if_version > 0 && model->version[m] != if_version) {
        expect(model, "err conflict version=%u\n", model->version[m]);
    } else {
        length = at < model->size[m] ? model->size[m] - at : 0;
        length = length < most ? length : most;
        length = length < MODEL_PACKET ? length : MODEL_PACKET;
        expect(model, "ok %u version=%u size=%u\n%.*s", length,
               model->version[m], model->size[m], (int)length,
               model->content[m] + (length > 0 ? at : 0));
    }
}

static void
model_write(struct model *model, unsigned m, unsigned at, const char *data,
            unsigned length)
{
    unsigned grown = at + length;

    if (length > 0 && at > model->size[m]) {
        /* Zero bytes cannot stand in the script's strings. */
        fail_msg("the model leaves no gaps");
    }
    memcpy(model->content[m] + at, data, length);
    if (length > 0 && grown > model->size[m]) {
        model->size[m] = grown;
    }
    model->version[m]++;
    expect(model, "ok 0 version=%u size=%u\n", model->version[m],
           model->size[m]);
}

static void
ask_for_a_write(struct model *model)
{
    static const char data[] = "r 1\nw 2 3\nq\n\n xyzr 0\nerr\nok 0\n"
                               "abcdefghijklmnopqrstuvwxyz";
    unsigned m = pick(model, FAKE_STORE_MAILBOXES + 1);
    unsigned length = pick(model, 57);
    unsigned how = pick(model, 4);
    unsigned if_version = pick(model, 6) == 0 ? pick(model, 30) + 1 : 0;
    unsigned size = m < FAKE_STORE_MAILBOXES ? model->size[m] : 0;
    unsigned at = how == 2 ? size : how == 1 ? pick(model, size + 1) : 0;

    ask(model, "w %u %03u", m, length);
    if (how == 1) {
        ask(model, " at=%u", at);
    } else if (how == 2) {
        ask(model, " at=end");
    } else if (how == 3) {
        ask(model, " wait=7");
    }
    if (if_version > 0) {
        ask(model, " if=%u", if_version);
    }
    ask(model, "\n%.*s", (int)length, data);
    if (how == 3) {
        expect(model, "err bad-request\n");
    } else if (m >= FAKE_STORE_MAILBOXES) {
        expect(model, "err no-such-mailbox\n");
    } else if (length > MODEL_PACKET ||
               (how == 1 && length > 0 && at + length > MODEL_MAILBOX)) {
        expect(model, "err too-large\n");
    } else if (if_version > 0 && model->version[m] != if_version) {
        expect(model, "err conflict version=%u\n", model->version[m]);
    } else if (length > 0 && at + length > MODEL_MAILBOX) {
        expect(model, "err too-large\n");
    } else {
        if (how == 0) {
            model->size[m] = 0;
        }
        model_write(model, m, at, data, length);
    }
}

static void
ask_for_something_else(struct model *model)
{
    static const struct {
        const char *sent;
        const char *expected;
    } others[] = {
        {"\n", ""},
        {"   \r\n", ""},
        {"nonsense 1 2 3\n", "err bad-request\n"},
        {"r\n", "err bad-request\n"},
        {"r 0 at=1 at=1\n", "err bad-request\n"},
        {"R 0\n", "err bad-request\n"},
        {"q q\n", "err bad-request\n"},
        {"s 77\n", "err no-such-mailbox\n"},
        {"w 77 3\nq\n\n", "err no-such-mailbox\n"},
        {"w 0 100\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\n"
         "q\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\nq\n"
         "q\nq\nq\nq\nq\nq\nq\n",
         "err too-large\n"},
    };
    unsigned choice = pick(model, (unsigned)COUNT(others));

    ask(model, "%s", others[choice].sent);
    expect(model, "%s", others[choice].expected);
}

/* What was said, with the texts for people cut away. */
static void
drop_texts(struct scene *scene)
{
    char *from = scene->said;
    char *to = scene->said;

    while (*from != '\0') {
        char *newline = strchr(from, '\n');
        unsigned length = 0;
        size_t line;

        assert_non_null(newline);
        line = (size_t)(newline - from);
        if (sscanf(from, "ok %u", &length) != 1) {
            char *text = memchr(from, ':', line);

            assert_int_equal(strncmp(from, "err ", 4), 0);
            assert_non_null(text);
            memmove(to, from, (size_t)(text - from));
            to += text - from;
            *to++ = '\n';
            from = newline + 1;
            continue;
        }
        memmove(to, from, line + 1 + length);
        to += line + 1 + length;
        from += line + 1 + length;
    }
    *to = '\0';
    scene->said_bytes = (size_t)(to - scene->said);
}

static void
feed_in_random_pieces(struct scene *scene, struct model *model)
{
    size_t most = 1 + pick(model, 1 + pick(model, 400));
    size_t fed = 0;

    scene->send_max = 1 + pick(model, 3000);
    while (fed < model->sent_bytes) {
        size_t piece = 1 + pick(model, (unsigned)most);

        if (piece > model->sent_bytes - fed) {
            piece = model->sent_bytes - fed;
        }
        feed(scene, model->sent + fed, piece);
        fed += piece;
        if (pick(model, 20) == 0) {
            session_rest(scene->session);
        }
    }
}

static void
random_requests_in_random_pieces_are_answered_like_the_model(void **state)
{
    static struct model model;
    uint64_t seed = 20260102;
    const char *given = getenv("DIPC_SEED");
    unsigned rounds = 1500;
    unsigned round;

    (void)state;
    if (given != NULL) {
        seed = strtoull(given, NULL, 10);
    }
    print_message("seed %llu, %u rounds\n", (unsigned long long)seed, rounds);
    for (round = 0; round < rounds; round++) {
        struct scene scene;
        unsigned count;

        memset(&model, 0, sizeof model);
        model.random = seed + round;
        count = 1 + pick(&model, 60);
        /* A longer first word would be another protocol's. */
        ask(&model, "%s", "r 99\n");
        expect(&model, "%s", "err no-such-mailbox\n");
        open_scene(&scene, MODEL_PACKET, MODEL_MAILBOX);
        while (count-- > 0) {
            unsigned kind = pick(&model, 8);

            if (kind < 3) {
                ask_for_a_read(&model);
            } else if (kind < 7) {
                ask_for_a_write(&model);
            } else {
                ask_for_something_else(&model);
            }
        }
        feed_in_random_pieces(&scene, &model);
        drop_texts(&scene);
        if (strcmp(scene.said, model.expected) != 0) {
            print_error("round %u, sent:\n%s\n", round, model.sent);
        }
        assert_string_equal(scene.said, model.expected);
        assert_open(&scene);
        end(&scene);
        assert_closed(&scene);
        close_scene(&scene);
    }
}

/* Bytes of every kind: no crash, no hang, answers that can be parsed. */
static void
garbage_never_puts_a_session_out_of_its_bounds(void **state)
{
    static const char bytes[] = "rwsq 0123456789=\n\r\tatendifmxwy";
    static struct model model;
    unsigned round;

    (void)state;
    model.random = 20260103;
    for (round = 0; round < 4000; round++) {
        struct scene scene;
        unsigned pieces = 1 + pick(&model, 12);

        open_scene(&scene, MODEL_PACKET, MODEL_MAILBOX);
        say(&scene, "r 0\n");
        while (pieces-- > 0 && scene.next == SESSION_RECEIVE) {
            char piece[64];
            size_t length = 1 + pick(&model, sizeof piece);
            size_t i;

            for (i = 0; i < length; i++) {
                piece[i] = pick(&model, 30) == 0
                               ? (char)pick(&model, 256)
                               : bytes[pick(&model, sizeof bytes - 1)];
            }
            feed(&scene, piece, length);
            if (scene.next == SESSION_RECEIVE && pick(&model, 6) == 0) {
                fall_silent(&scene);
            }
        }
        if (pick(&model, 2) == 0) {
            stop(&scene);
        }
        end(&scene);
        assert_closed(&scene);
        assert_true(scene.held_max <=
                    CODEC_HEADER_MAX + SESSION_OUTPUT_MIN + 2 * MODEL_PACKET);
        session_rest(scene.session);
        assert_int_equal(session_held_bytes(scene.session), 0);
        close_scene(&scene);
    }
}

/* A collector's store, say, and a server that keeps no census. */
static void
a_store_that_shows_no_content_is_for_one_protocol(void **state)
{
    struct scene *scene = *state;
    struct store_ops ops = *scene->fake.store.ops;
    struct census census;

    say(scene, "PING\r\n");
    assert_said(scene,
                "err bad-request: unknown verb \"PING\": r, w, s and q are "
                "known\n");
    ops.inspect = NULL;
    scene->fake.store.ops = &ops;
    scene->config.census = &census; /* not looked at */
    session_destroy(scene->session);
    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &scene->session), 0);
    scene->next = session_advance(scene->session);
    say(scene, "*1\r\n");
    assert_said(scene, "err bad-request: unknown verb \"*1\": r, w, s and q "
                       "are known\n");
    assert_open(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_protocol_is_answered_as_it_says),
        cmocka_unit_test(two_pieces_are_answered_like_one),
        cmocka_unit_test(single_bytes_are_answered_like_one_piece),
        cmocka_unit_test(answers_sent_byte_by_byte_are_the_same),
        cmocka_unit_test(a_session_that_rests_between_bytes_is_the_same),
        cmocka_unit_test(a_script_cut_off_at_any_byte_is_answered_so_far),
        cmocka_unit_test(a_header_line_may_have_255_bytes),
        TEST(silence_ends_an_unframed_write),
        TEST(bytes_that_race_with_the_end_of_the_gap_still_belong_to_the_data),
        TEST(an_unframed_write_with_no_byte_of_data_is_not_ended_by_the_gap),
        TEST(half_close_ends_an_unframed_write),
        TEST(no_byte_before_the_half_close_writes_the_empty_string),
        TEST(a_whole_packet_may_come_unframed),
        TEST(more_than_a_packet_unframed_is_dropped_to_its_end),
        TEST(more_than_a_packet_before_the_half_close_is_too_large),
        cmocka_unit_test(unframed_data_longer_than_a_mailbox_is_too_large),
        TEST(unframed_data_for_no_mailbox_is_dropped_to_its_end),
        TEST(answers_before_an_unframed_write_are_sent_before_its_end),
        TEST(silence_ends_a_header_without_its_newline),
        cmocka_unit_test(every_other_header_waits_for_its_newline),
        TEST(the_gap_begins_when_everything_before_has_been_answered),
        cmocka_unit_test(half_close_ends_a_header_without_its_newline),
        cmocka_unit_test(
            a_request_cut_short_is_a_bad_request_and_changes_nothing),
        TEST(half_close_is_answered_in_full_a_waiting_read_included),
        TEST(a_read_waits_for_a_newer_version),
        TEST(a_wake_up_for_nothing_waits_on_until_the_same_deadline),
        TEST(a_version_that_comes_with_the_timeout_is_answered),
        TEST(if_is_judged_on_the_version_after_the_wait),
        TEST(a_version_already_newer_is_not_waited_for),
        TEST(a_cancelled_wait_says_that_the_server_is_ending),
        TEST(a_wait_that_fails_is_internal),
        cmocka_unit_test(a_wait_is_as_long_as_was_asked_or_as_is_honoured),
        cmocka_unit_test(a_request_begun_and_not_finished_is_refused),
        TEST(a_trickle_of_bytes_does_not_prolong_a_request),
        TEST(the_data_of_a_refused_write_has_the_time_of_its_request),
        TEST(a_trickle_of_unframed_data_ends_with_the_request_timeout),
        TEST(a_gap_that_ends_with_the_request_timeout_ends_the_data),
        TEST(each_request_has_its_own_time),
        TEST(announced_bytes_that_never_come_close_without_a_second_answer),
        TEST(an_idle_connection_is_told_and_closed),
        TEST(nothing_is_due_before_a_session_has_begun),
        TEST(a_session_without_an_idle_timeout_may_be_silent_for_ever),
        cmocka_unit_test(an_idle_session_that_is_stopped_just_closes),
        cmocka_unit_test(a_request_under_way_is_told_that_the_server_is_ending),
        TEST(a_waiting_read_is_told_that_the_server_is_ending),
        TEST(a_refused_write_that_is_stopped_is_not_answered_twice),
        TEST(answers_gathered_before_a_stop_are_still_sent),
        TEST(a_lock_not_had_is_busy_and_the_connection_stays),
        TEST(an_unknown_outcome_is_internal_and_closes),
        cmocka_unit_test(any_other_fault_is_internal_and_closes),
        TEST(a_fault_before_the_data_of_a_write_is_here_closes),
        TEST(a_lock_cancelled_from_outside_says_that_the_server_is_ending),
        TEST(a_conflict_that_comes_with_the_data_is_the_stores_to_find),
        cmocka_unit_test(a_refused_write_is_answered_before_its_data_comes),
        TEST(sixteen_mebibytes_are_dropped_and_the_stream_stays_in_step),
        cmocka_unit_test(a_batch_of_requests_is_answered_in_one_piece),
        cmocka_unit_test(buffers_stay_within_their_bounds),
        TEST(a_waiting_session_holds_no_buffer_after_its_rest),
        TEST(a_wait_that_ends_after_a_rest_has_room_to_say_so),
        cmocka_unit_test(a_session_gives_its_memory_back),
        TEST(there_is_room_for_all_that_may_still_come),
        cmocka_unit_test(
            without_memory_the_room_that_is_left_is_used_to_its_end),
        TEST(a_check_finds_what_is_broken),
        TEST(a_rest_keeps_what_is_not_answered_yet),
        cmocka_unit_test(without_memory_nothing_is_done_that_is_not_told),
        cmocka_unit_test(
            a_session_that_has_no_memory_for_its_answer_closes_with_last_words),
        cmocka_unit_test(a_write_whose_answer_finds_no_memory_is_not_done),
        cmocka_unit_test(what_a_silence_ends_finds_no_memory_and_is_not_done),
        TEST(without_memory_to_receive_into_a_session_can_try_again),
        TEST(without_memory_there_is_no_session),
        TEST(what_happens_is_counted),
        TEST(every_request_is_counted_once),
        TEST(who_waits_is_counted_while_it_does),
        TEST(the_servers_statistics_are_answered_as_data),
        TEST(each_unframed_write_is_judged_by_itself),
        TEST(each_read_waits_for_its_own_time),
        TEST(each_line_of_any_kind_has_its_own_time),
        TEST(bytes_received_after_the_end_of_the_gap_take_it_back),
        cmocka_unit_test(the_next_batch_begins_when_the_last_one_is_sent),
        cmocka_unit_test(small_requests_take_small_buffers_whatever_the_packet),
        cmocka_unit_test(the_refusal_of_a_client_is_a_whole_answer),
        cmocka_unit_test(
            random_requests_in_random_pieces_are_answered_like_the_model),
        cmocka_unit_test(garbage_never_puts_a_session_out_of_its_bounds),
        TEST(a_store_that_shows_no_content_is_for_one_protocol),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
