/* The collector, asked by a session: what is believed, and what is a cut. */

#include "collector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "cmocka_all.h"
#include "fake_heap.h"
#include "session.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CHILDREN 4
#define PACKET 64
#define RESULT_MAX 100
#define SAID_MAX 65536

/* Child 3's token, and child 2's. */
#define T "33333333333333333333333333333333"
#define T2 "22222222222222222222222222222222"

/* A collector, one connection to it, and all that was answered. */
struct scene {
    struct collector collector;
    struct statistics statistics;
    struct session_config config;
    struct store *store;
    struct session *session;
    enum session_next next;
    int changed;
    size_t said_bytes;
    char said[SAID_MAX];
};

static uint64_t
standing_clock(void *context)
{
    (void)context;
    return 1000;
}

static void
connect_to(struct scene *scene)
{
    struct store_source *source = &scene->collector.source;

    assert_int_equal(source->ops->open(source, 0, &scene->store), 0);
    assert_int_equal(
        session_create(&scene->config, scene->store, &scene->session), 0);
    scene->next = session_advance(scene->session);
    scene->said_bytes = 0;
    scene->said[0] = '\0';
}

static void
disconnect(struct scene *scene)
{
    struct store_source *source = &scene->collector.source;

    session_destroy(scene->session);
    source->ops->close(source, scene->store);
}

static void
open_scene(struct scene *scene, uint64_t result_bytes_max)
{
    scene->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(scene->changed >= 0);
    assert_int_equal(collector_init(&scene->collector, CHILDREN,
                                    result_bytes_max, scene->changed),
                     0);
    strcpy(scene->collector.slots[3].token, T);
    strcpy(scene->collector.slots[2].token, T2);
    scene->config = (struct session_config){
        .packet_bytes = PACKET,
        .gap_ns = 50 * CLOCK_NS_PER_MS,
        .request_timeout_ns = 30 * CLOCK_NS_PER_S,
        .idle_timeout_ns = SESSION_FOREVER,
        .wait_max_ns = 60 * CLOCK_NS_PER_S,
        .clock = {.now_ns = standing_clock},
        .statistics = &scene->statistics,
    };
    connect_to(scene);
}

static void
close_scene(struct scene *scene)
{
    collector_check(&scene->collector);
    collector_fini(&scene->collector);
    (void)close(scene->changed);
}

static int
set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    assert_non_null(scene);
    open_scene(scene, RESULT_MAX);
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
take_output(struct scene *scene)
{
    const void *data;
    size_t length;

    session_output(scene->session, &data, &length);
    assert_true(scene->said_bytes + length < SAID_MAX);
    memcpy(scene->said + scene->said_bytes, data, length);
    scene->said_bytes += length;
    scene->said[scene->said_bytes] = '\0';
    session_sent(scene->session, length);
}

static void
run(struct scene *scene)
{
    for (int i = 0; i < SAID_MAX; i++) {
        scene->next = session_advance(scene->session);
        if (scene->next != SESSION_SEND) {
            assert_int_not_equal(scene->next, SESSION_WAIT);
            return;
        }
        take_output(scene);
    }
    fail_msg("the session never comes to rest");
}

static void
feed(struct scene *scene, const char *bytes, size_t length)
{
    while (length > 0 && scene->next == SESSION_RECEIVE) {
        void *room;
        size_t piece;

        assert_int_equal(session_room(scene->session, &room, &piece), 0);
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

static void
half_close(struct scene *scene)
{
    if (scene->next == SESSION_RECEIVE) {
        session_ended(scene->session);
        run(scene);
    }
}

/* ---- Scripts: what child 3 sends, what is answered, what is known then. */

#define BAD "err bad-request: "
#define BEGUN "ok 0\n"
#define DENIED "err denied: "
#define ONLY_GROWS BAD "a result only grows: w <which> <length> at=end\n"
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

struct script {
    const char *sent;
    const char *answered;
    enum collector_state state; /* of child 3, once the connection is over */
    int error;
    const char *result; /* COMPLETE */
};

/* clang-format off */
static const struct script scripts[] = {
    /* Whole results. */
    {"g 3 " T "\nw 3 5 at=end\nhelloq\n",
     BEGUN "ok 0 version=1 size=5\nok 0\n", COLLECTOR_COMPLETE, 0, "hello"},
    {"g 3 " T "\nw 3 5 at=end\nhellow 3 6 at=end\n worldq\n",
     BEGUN "ok 0 version=1 size=5\nok 0 version=2 size=11\nok 0\n",
     COLLECTOR_COMPLETE, 0, "hello world"},
    {"g 3 " T "\nq\n", BEGUN "ok 0\n", COLLECTOR_COMPLETE, 0, ""},
    {"g 3 " T "\r\nw 3 0 at=end\r\nq 3\r\n",
     BEGUN "ok 0 version=1 size=0\nok 0\n", COLLECTOR_COMPLETE, 0, ""},
    {"g 3 " T " size=5 type=7\nw 3 2 at=end\nhew 3 3 at=end\nlloq\n",
     BEGUN "ok 0 version=1 size=2\nok 0 version=2 size=5\nok 0\n",
     COLLECTOR_COMPLETE, 0, "hello"},
    {"g 3 " T " size=0\nq\n", BEGUN "ok 0\n", COLLECTOR_COMPLETE, 0, ""},
    {"g 3 " T "\nw 3 60 at=end\n" SIXTY "w 3 40 at=end\n" TEN TEN TEN TEN
     "q\n",
     BEGUN "ok 0 version=1 size=60\nok 0 version=2 size=100\nok 0\n",
     COLLECTOR_COMPLETE, 0, SIXTY TEN TEN TEN TEN},
    {"g 3 " T "\nw 3 5 at=end\nhelloq\nw 3 5 at=end\nagain",
     BEGUN "ok 0 version=1 size=5\nok 0\n", COLLECTOR_COMPLETE, 0, "hello"},

    /* Not whole. */
    {"g 3 " T "\nw 3 5 at=end\nhello", BEGUN "ok 0 version=1 size=5\n",
     COLLECTOR_CUT_OFF, 0, NULL},
    {"g 3 " T "\n", BEGUN, COLLECTOR_CUT_OFF, 0, NULL},
    {"g 3 " T " size=5\nw 3 4 at=end\nhellq\n",
     BEGUN "ok 0 version=1 size=4\n"
     BAD "the result is shorter than was announced\n",
     COLLECTOR_REFUSED, ENODATA, NULL},
    {"g 3 " T " size=5\nq\n",
     BEGUN BAD "the result is shorter than was announced\n",
     COLLECTOR_REFUSED, ENODATA, NULL},

    /* Too much. */
    {"g 3 " T " size=5\nw 3 6 at=end\nhello!q\n",
     BEGUN "err too-large: the result is longer than was announced\n",
     COLLECTOR_REFUSED, EMSGSIZE, NULL},
    {"g 3 " T "\nw 3 60 at=end\n" SIXTY "w 3 41 at=end\n" TEN TEN TEN TEN
     "xq\n",
     BEGUN "ok 0 version=1 size=60\n"
     "err too-large: the result is longer than is taken (--max-result)\n",
     COLLECTOR_REFUSED, EFBIG, NULL},
    {"g 3 " T "\nw 3 64 at=end\n" SIXTY "0123w 3 64 at=end\n" SIXTY "0123q\n",
     BEGUN "ok 0 version=1 size=64\n"
     "err too-large: the result is longer than is taken (--max-result)\n",
     COLLECTOR_REFUSED, EFBIG, NULL},
    {"g 3 " T " size=101\nq\n",
     "err too-large: the result is longer than is taken (--max-result)\n",
     COLLECTOR_REFUSED, EFBIG, NULL},
    {"g 3 " T "\nw 3 65 at=end\n" SIXTY "01234q\n",
     BEGUN "err too-large: 65 bytes are more than a packet of 64\n",
     COLLECTOR_CUT_OFF, 0, NULL},

    /* A declared error, before and in the middle. */
    {"g 3 " T " fail=9\nq\n", BEGUN, COLLECTOR_FAILED, 0, NULL},
    {"g 3 " T "\nw 3 5 at=end\nhellog 3 " T " fail=9\nq\n",
     BEGUN "ok 0 version=1 size=5\n" BEGUN, COLLECTOR_FAILED, 0, NULL},
    {"g 3 " T " fail=0\nq\n", BEGUN "ok 0\n", COLLECTOR_COMPLETE, 0, ""},

    /* Who is believed. */
    {"g 3 " T2 "\nw 3 5 at=end\nhelloq\n",
     DENIED "that is not the token of child 3\n", COLLECTOR_AWAITED, 0, NULL},
    {"g 3 3333333333333333333333333333333\nq\n",
     DENIED "that is not the token of child 3\n", COLLECTOR_AWAITED, 0, NULL},
    {"g 3 " T "3\nq\n",
     DENIED "that is not the token of child 3\n", COLLECTOR_AWAITED, 0, NULL},
    {"g 2 " T "\nq\n",
     DENIED "that is not the token of child 2\n", COLLECTOR_AWAITED, 0, NULL},
    {"g 4 " T "\nq\n",
     "err no-such-mailbox: child 4 is not one of 0 to 3\n",
     COLLECTOR_AWAITED, 0, NULL},
    {"w 3 5 at=end\nhelloq\n",
     DENIED "this connection has not begun as child 3\n",
     COLLECTOR_AWAITED, 0, NULL},
    {"g 3 " T "\nw 2 5 at=end\nhelloq\n",
     BEGUN DENIED "this connection has not begun as child 2\n",
     COLLECTOR_CUT_OFF, 0, NULL},
    {"g 3 " T "\nw 4 5 at=end\nhelloq\n",
     BEGUN "err no-such-mailbox: child 4 is not one of 0 to 3\n",
     COLLECTOR_CUT_OFF, 0, NULL},
    {"g 3 " T "\ng 3 " T "\nq\n",
     BEGUN DENIED "child 3 has begun before\n", COLLECTOR_CUT_OFF, 0, NULL},
    {"g 3 " T "\ng 2 " T2 "\nq\n",
     BEGUN DENIED "child 2 has begun before\n", COLLECTOR_CUT_OFF, 0, NULL},

    /* What a collector does not do; after an error nothing is whole. */
    {"g 3 " T "\nw 3 5\nhelloq\n", BEGUN ONLY_GROWS, COLLECTOR_CUT_OFF, 0,
     NULL},
    {"g 3 " T "\nw 3 5 at=0\nhelloq\n", BEGUN ONLY_GROWS, COLLECTOR_CUT_OFF,
     0, NULL},
    {"g 3 " T "\nw 3\nhelloq\n", BEGUN ONLY_GROWS, COLLECTOR_CUT_OFF, 0, NULL},
    {"g 3 " T "\nw 3 5 if=0 at=end\nhelloq\n",
     BEGUN BAD "option \"if\" is not one of w's: at\n", COLLECTOR_CUT_OFF, 0,
     NULL},
    {"g 3 " T "\nr 3\nq\n",
     BEGUN BAD "unknown verb \"r\": g, w and q are known\n",
     COLLECTOR_CUT_OFF, 0, NULL},
    {"s\n", BAD "unknown verb \"s\": g, w and q are known\n",
     COLLECTOR_AWAITED, 0, NULL},
    {"q\n", "ok 0\n", COLLECTOR_AWAITED, 0, NULL},
};
/* clang-format on */

static void
check_result(struct scene *scene, const struct script *script)
{
    const struct collector_report report = collector_look(&scene->collector, 3);

    assert_int_equal(report.state, script->state);
    assert_int_equal(report.error, script->error);
    if (script->state == COLLECTOR_FAILED) {
        assert_int_equal(report.fail, 9);
    }
    if (script->state == COLLECTOR_COMPLETE) {
        char *data = collector_take(&scene->collector, 3);
        assert_int_equal(report.bytes, strlen(script->result));
        if (report.bytes > 0) {
            assert_memory_equal(data, script->result, report.bytes);
        }
        free(data);
    }
    assert_int_equal(collector_look(&scene->collector, 2).state,
                     COLLECTOR_AWAITED);
}

/* Play a script to the end of its connection, cut into pieces. */
static void
play(const struct script *script, size_t first, size_t piece)
{
    struct scene *scene = calloc(1, sizeof *scene);
    const size_t length = strlen(script->sent);

    assert_non_null(scene);
    open_scene(scene, RESULT_MAX);
    feed(scene, script->sent, first);
    for (size_t at = first; at < length; at += piece) {
        feed(scene, script->sent + at,
             piece < length - at ? piece : length - at);
    }
    if (strcmp(scene->said, script->answered) != 0) {
        print_error("after \"%s\":\n", script->sent);
    }
    assert_string_equal(scene->said, script->answered);
    half_close(scene);
    disconnect(scene);
    check_result(scene, script);
    close_scene(scene);
    free(scene);
}

static void
every_conversation_ends_as_the_protocol_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        play(&scripts[i], strlen(scripts[i].sent), 1);
    }
}

static void
two_pieces_are_taken_like_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        const size_t length = strlen(scripts[i].sent);
        for (size_t cut = 1; cut < length; cut++) {
            play(&scripts[i], cut, length);
        }
    }
}

static void
single_bytes_are_taken_like_one_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        play(&scripts[i], 0, 1);
    }
}

/* Whatever is cut off before its q: no part of it is a result. */
static void
a_connection_that_ends_before_its_q_is_never_a_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        const char *end = strstr(scripts[i].sent, "q");
        const size_t whole =
            end ? (size_t)(end - scripts[i].sent) : strlen(scripts[i].sent);
        for (size_t cut = 0; cut <= whole; cut++) {
            struct scene *scene = calloc(1, sizeof *scene);
            assert_non_null(scene);
            open_scene(scene, RESULT_MAX);
            feed(scene, scripts[i].sent, cut);
            half_close(scene);
            assert_int_equal(scene->next, SESSION_CLOSE);
            disconnect(scene);
            assert_int_not_equal(collector_look(&scene->collector, 3).state,
                                 COLLECTOR_COMPLETE);
            close_scene(scene);
            free(scene);
        }
    }
}

static uint64_t
raised(const struct scene *scene)
{
    uint64_t count = 0;

    (void)!read(scene->changed, &count, sizeof count);
    return count;
}

static void
the_parent_is_told_of_every_new_state(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(raised(scene), 0);
    say(scene, "g 3 " T " type=12\n");
    assert_int_equal(raised(scene), 1);
    assert_int_equal(collector_look(&scene->collector, 3).state,
                     COLLECTOR_OPEN);
    assert_int_equal(collector_look(&scene->collector, 3).type, 12);
    say(scene, "w 3 2 at=end\nab");
    assert_int_equal(raised(scene), 0);
    assert_int_equal(collector_look(&scene->collector, 3).bytes, 2);
    say(scene, "q\n");
    assert_int_equal(raised(scene), 1);
    disconnect(scene);
    assert_int_equal(raised(scene), 0);
}

static void
every_request_is_counted_once(void **state)
{
    struct scene *scene = *state;

    say(scene, "g 3 " T "\n");
    assert_int_equal(scene->statistics.requests, 1);
    say(scene, "w 3 2 at=end\nab");
    assert_int_equal(scene->statistics.requests, 2);
    disconnect(scene);
}

static void
a_child_that_was_cut_off_cannot_begin_again(void **state)
{
    struct scene *scene = *state;

    say(scene, "g 3 " T "\nw 3 5 at=end\nhello");
    disconnect(scene);
    connect_to(scene);
    say(scene, "g 3 " T "\n");
    assert_string_equal(scene->said, DENIED "child 3 has begun before\n");
    assert_int_equal(scene->next, SESSION_CLOSE);
    disconnect(scene);
    assert_int_equal(collector_look(&scene->collector, 3).state,
                     COLLECTOR_CUT_OFF);
}

static void
a_second_connection_of_a_child_does_not_harm_the_first(void **state)
{
    struct scene *scene = *state;
    struct session *first = scene->session;
    struct store *first_store = scene->store;

    say(scene, "g 3 " T "\nw 3 5 at=end\nhello");
    connect_to(scene);
    say(scene, "g 3 " T " fail=9\n");
    assert_string_equal(scene->said, DENIED "child 3 has begun before\n");
    disconnect(scene);
    scene->session = first;
    scene->store = first_store;
    scene->next = SESSION_RECEIVE;
    say(scene, "q\n");
    disconnect(scene);
    assert_int_equal(collector_look(&scene->collector, 3).state,
                     COLLECTOR_COMPLETE);
}

static void
a_child_that_is_forgotten_is_not_believed(void **state)
{
    struct scene *scene = *state;

    say(scene, "g 3 " T "\nw 3 5 at=end\nhello");
    assert_int_equal(collector_forget(&scene->collector, 3).state,
                     COLLECTOR_OPEN);
    assert_int_equal(collector_forget(&scene->collector, 2).state,
                     COLLECTOR_AWAITED);
    say(scene, "q\n");
    assert_non_null(strstr(scene->said, "err shutting-down: "));
    disconnect(scene);
    connect_to(scene);
    say(scene, "g 2 " T2 "\n");
    assert_non_null(strstr(scene->said, "err shutting-down: "));
    disconnect(scene);
    assert_int_equal(collector_look(&scene->collector, 3).state,
                     COLLECTOR_FORGOTTEN);
    assert_int_equal(collector_look(&scene->collector, 2).state,
                     COLLECTOR_FORGOTTEN);
}

static void
a_write_to_a_child_that_is_forgotten_is_refused(void **state)
{
    struct scene *scene = *state;

    say(scene, "g 3 " T "\n");
    (void)collector_forget(&scene->collector, 3);
    say(scene, "w 3 5 at=end\nhello");
    assert_string_equal(scene->said, BEGUN
                        "err shutting-down: no more results are awaited\n");
    disconnect(scene);
}

static void
what_is_complete_cannot_be_forgotten(void **state)
{
    struct scene *scene = *state;

    say(scene, "g 3 " T "\nw 3 5 at=end\nhelloq\n");
    assert_int_equal(collector_forget(&scene->collector, 3).state,
                     COLLECTOR_COMPLETE);
    disconnect(scene);
    char *data = collector_take(&scene->collector, 3);
    assert_memory_equal(data, "hello", 5);
    free(data);
}

/* A stranger must not hold a place for ever; a child may think for long. */
static void
only_who_has_begun_may_be_silent_for_long(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(session_deadline_ns(scene->session),
                     1000 + 30 * CLOCK_NS_PER_S);
    session_expired(scene->session);
    run(scene);
    assert_string_equal(scene->said,
                        BAD "the request was not finished within 30000 ms\n");
    assert_int_equal(scene->next, SESSION_CLOSE);
    disconnect(scene);
    connect_to(scene);
    say(scene, "g 3 " T "\n");
    assert_true(session_deadline_ns(scene->session) == SESSION_FOREVER);
    disconnect(scene);
}

static void
a_heap_without_room_refuses_the_result_and_no_more(void **state)
{
    struct scene *scene = *state;

    say(scene, "g 3 " T "\nw 3 5 at=end\n");
    fake_heap_set(0);
    say(scene, "hello");
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_non_null(strstr(scene->said, "err internal: "));
    assert_int_equal(scene->next, SESSION_CLOSE);
    disconnect(scene);
    assert_int_equal(collector_look(&scene->collector, 3).state,
                     COLLECTOR_REFUSED);
    assert_int_equal(collector_look(&scene->collector, 3).error, ENOMEM);
    connect_to(scene);
    say(scene, "g 2 " T2 "\nq\n");
    disconnect(scene);
    assert_int_equal(collector_look(&scene->collector, 2).state,
                     COLLECTOR_COMPLETE);
}

static void
no_memory_means_no_collector_and_no_store(void **state)
{
    struct scene *scene = *state;
    struct store_source *source = &scene->collector.source;
    struct collector other;
    struct store *store;

    fake_heap_set(0);
    assert_int_equal(collector_init(&other, 1, 1, -1), ENOMEM);
    assert_int_equal(source->ops->open(source, 0, &store), ENOMEM);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    disconnect(scene);
}

/* A result of many packets, in a heap that has to grow for it. */
static void
a_large_result_arrives_as_it_was_sent(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    const size_t packets = 1000;
    char packet[PACKET + 32];

    (void)state;
    assert_non_null(scene);
    open_scene(scene, UINT64_MAX);
    say(scene, "g 3 " T "\n");
    for (size_t i = 0; i < packets; i++) {
        (void)sprintf(packet, "w 3 64 at=end\n%064zu", i);
        say(scene, packet);
        scene->said_bytes = 0;
    }
    say(scene, "q\n");
    disconnect(scene);
    assert_int_equal(collector_look(&scene->collector, 3).bytes,
                     packets * PACKET);
    char *data = collector_take(&scene->collector, 3);
    for (size_t i = 0; i < packets; i++) {
        (void)sprintf(packet, "%064zu", i);
        assert_memory_equal(data + i * PACKET, packet, PACKET);
    }
    free(data);
    close_scene(scene);
    free(scene);
}

static void
tokens_are_long_and_all_different(void **state)
{
    struct collector collector;

    (void)state;
    assert_int_equal(collector_init(&collector, 50, 1, -1), 0);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(strlen(collector_token(&collector, i)), 32);
        assert_int_equal(
            strspn(collector_token(&collector, i), "0123456789abcdef"), 32);
        for (uint32_t j = 0; j < i; j++) {
            assert_string_not_equal(collector_token(&collector, i),
                                    collector_token(&collector, j));
        }
    }
    collector_fini(&collector);
}

#define in_a_scene(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_conversation_ends_as_the_protocol_says),
        cmocka_unit_test(two_pieces_are_taken_like_one),
        cmocka_unit_test(single_bytes_are_taken_like_one_piece),
        cmocka_unit_test(a_connection_that_ends_before_its_q_is_never_a_result),
        in_a_scene(the_parent_is_told_of_every_new_state),
        in_a_scene(every_request_is_counted_once),
        in_a_scene(a_child_that_was_cut_off_cannot_begin_again),
        in_a_scene(a_second_connection_of_a_child_does_not_harm_the_first),
        in_a_scene(a_child_that_is_forgotten_is_not_believed),
        in_a_scene(a_write_to_a_child_that_is_forgotten_is_refused),
        in_a_scene(what_is_complete_cannot_be_forgotten),
        in_a_scene(only_who_has_begun_may_be_silent_for_long),
        in_a_scene(a_heap_without_room_refuses_the_result_and_no_more),
        in_a_scene(no_memory_means_no_collector_and_no_store),
        cmocka_unit_test(a_large_result_arrives_as_it_was_sent),
        cmocka_unit_test(tokens_are_long_and_all_different),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
