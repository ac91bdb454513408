#include "resp_keyspace.h"

#include <errno.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_heap.h"
#include "resp_scene.h"

#define MS ((uint64_t)1000000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
    const char *sent;
    const char *said;
};

/* Mailboxes 0 and 3 hold a value, 1 is empty again, 2 was never written. */
/* clang-format off */
static const struct row rows[] = {
    {"DBSIZE\r\n", ":2\r\n"},
    {"KEYS *\r\n", "*2\r\n$1\r\n0\r\n$1\r\n3\r\n"},
    {"KEYS [1-3]\r\n", "*1\r\n$1\r\n3\r\n"},
    {"KEYS ?\r\n", "*2\r\n$1\r\n0\r\n$1\r\n3\r\n"},
    {"KEYS ??\r\n", "*0\r\n"},
    {"KEYS 1\r\n", "*0\r\n"},
    {"SCAN 0\r\n", "*2\r\n$1\r\n0\r\n*2\r\n$1\r\n0\r\n$1\r\n3\r\n"},
    {"SCAN 0 COUNT 1\r\n", "*2\r\n$1\r\n1\r\n*1\r\n$1\r\n0\r\n"},
    {"SCAN 1 COUNT 1\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\n3\r\n"},
    {"SCAN 1 MATCH 0 COUNT 5\r\n", "*2\r\n$1\r\n0\r\n*0\r\n"},
    {"SCAN 99\r\n", "*2\r\n$1\r\n0\r\n*0\r\n"},
    {"SCAN 0 TYPE string MATCH 3\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\n3\r\n"},
    {"SCAN 0 TYPE list\r\n", "*2\r\n$1\r\n0\r\n*0\r\n"},
    {"SCAN 0 COUNT 9999999999\r\n",
     "*2\r\n$1\r\n0\r\n*2\r\n$1\r\n0\r\n$1\r\n3\r\n"},
    {"SCAN x\r\n", "-ERR invalid cursor\r\n"},
    {"SCAN -1\r\n", "-ERR invalid cursor\r\n"},
    {"SCAN 0 COUNT 0\r\n", "-ERR syntax error\r\n"},
    {"SCAN 0 COUNT x\r\n", "-ERR value is not an integer or out of range\r\n"},
    {"SCAN 0 COUNT\r\n", "-ERR syntax error\r\n"},
    {"SCAN 0 WHAT x\r\n", "-ERR syntax error\r\n"},

    {"DIPC.WAIT 3 0 100\r\n", "*2\r\n:1\r\n$5\r\nhello\r\n"},
    {"DIPC.WAIT 1 1 100\r\n", "*2\r\n:2\r\n$-1\r\n"},
    {"DIPC.WAIT 3 1 100\r\n", "*-1\r\n"},
    {"DIPC.WAIT 3 1 0\r\n", "*-1\r\n"},
    {"DIPC.WAIT 3 x 0\r\n", "-ERR value is not an integer or out of range\r\n"},
    {"DIPC.WAIT 3 -1 0\r\n",
     "-ERR value is not an integer or out of range\r\n"},
    {"DIPC.WAIT 3 1 x\r\n",
     "-ERR timeout is not an integer or out of range\r\n"},
    {"DIPC.WAIT 3 1 -1\r\n", "-ERR timeout is negative\r\n"},
    {"DIPC.WAIT 4 1 1\r\n", "-ERR no such mailbox: 4 is not one of 0 to 3\r\n"},
};
/* clang-format on */

static void
open_row(struct resp_scene *scene)
{
    resp_scene_open(scene, RESP_SCENE_MAILBOX);
    fake_store_put(&scene->fake, 3, "hello");
    fake_store_put(&scene->fake, 0, "x");
    fake_store_put(&scene->fake, 1, "x");
    fake_store_put(&scene->fake, 1, "");
}

static void
every_command_answers_as_it_says(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct resp_scene scene;

        open_row(&scene);
        ASK(&scene, rows[i].sent, rows[i].said);
        OPEN(&scene);
        session_rest(scene.session);
        assert_int_equal(session_held_bytes(scene.session), 0);
        resp_scene_close(&scene);
    }
}

static void
a_pattern_is_bounded(void **state)
{
    struct resp_scene *scene = *state;
    char sent[300] = "KEYS ";

    memset(sent + 5, '*', 256);
    memcpy(sent + 5 + 256, "\r\n", 3);
    ASK(scene, sent, "-ERR the pattern is longer than 255 bytes\r\n");
    memcpy(sent + 5 + 255, "\r\n", 3);
    ASK(scene, sent, "*0\r\n");
}

static void
a_wait_ends_with_the_next_version_and_holds_nobody_up(void **state)
{
    struct resp_scene *scene = *state;
    struct session_wanted wanted;

    scene->waits_by_hand = true;
    ASK(scene, "PING\r\nDIPC.WAIT 3 0 100\r\nPING\r\n", "+PONG\r\n");
    assert_int_equal(scene->next, SESSION_WAIT);
    assert_int_equal(scene->statistics.waiting, 1);
    wanted = session_wanted(scene->session);
    assert_int_equal(wanted.mailbox, 3);
    assert_int_equal(wanted.version, 0);
    assert_int_equal(wanted.deadline_ns, scene->fake.now_ns + 100 * MS);
    session_woken(scene->session, 0); /* somebody emptied it anew meanwhile */
    resp_scene_run(scene);
    assert_int_equal(scene->next, SESSION_WAIT);
    fake_store_put(&scene->fake, 3, "news");
    session_woken(scene->session, 0);
    resp_scene_run(scene);
    SAID(scene, "*2\r\n:1\r\n$4\r\nnews\r\n+PONG\r\n");
    assert_int_equal(scene->statistics.waiting, 0);
    assert_int_equal(scene->statistics.reads, 1);
    OPEN(scene);
}

static void
what_comes_with_the_deadline_is_told(void **state)
{
    struct resp_scene *scene = *state;

    scene->waits_by_hand = true;
    ASK(scene, "DIPC.WAIT 3 0 100\r\n", "");
    fake_store_put(&scene->fake, 3, "news");
    session_woken(scene->session, ETIMEDOUT);
    resp_scene_run(scene);
    SAID(scene, "*2\r\n:1\r\n$4\r\nnews\r\n");
    ASK(scene, "DIPC.WAIT 3 1 99999999999\r\n", "");
    assert_int_equal(session_wanted(scene->session).deadline_ns,
                     scene->fake.now_ns + scene->config.wait_max_ns);
    session_woken(scene->session, ETIMEDOUT);
    resp_scene_run(scene);
    SAID(scene, "*-1\r\n");
    assert_int_equal(scene->statistics.timeouts, 1);
}

static void
a_wait_that_is_cancelled_closes(void **state)
{
    struct resp_scene *scene = *state;

    scene->waits_by_hand = true;
    ASK(scene, "DIPC.WAIT 3 0 100\r\nPING\r\n", "");
    session_woken(scene->session, ECANCELED);
    resp_scene_run(scene);
    SAID(scene, "-ERR shutting down: the server is ending\r\n");
    CLOSED(scene);
}

static void
a_session_that_goes_while_it_waits_is_not_counted(void **state)
{
    struct resp_scene scene;

    (void)state;
    resp_scene_open(&scene, RESP_SCENE_MAILBOX);
    scene.waits_by_hand = true;
    ASK(&scene, "DIPC.WAIT 3 0 100\r\n", "");
    session_destroy(scene.session);
    assert_int_equal(scene.statistics.waiting, 0);
    assert_int_equal(
        session_create(&scene.config, &scene.fake.store, &scene.session), 0);
    resp_scene_close(&scene);
}

static void
a_mailbox_that_is_not_to_be_had_is_named(void **state)
{
    static const char *const sent[] = {"DBSIZE\r\n", "KEYS *\r\n",
                                       "SCAN 0\r\n"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(sent); i++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        fake_store_put(&scene.fake, 2, "x");
        scene.fake.read_error = EBUSY;
        ASK(&scene, sent[i],
            "-BUSY mailbox 2 was locked for too long: try again\r\n");
        ASK(&scene, "PING\r\n", "+PONG\r\n");
        resp_scene_close(&scene);
    }
}

static void
without_memory_keys_are_not_listed(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "PING\r\n", "+PONG\r\n");
    fake_heap_set(0);
    ASK(scene, "KEYS *\r\n", "-ERR the server is out of memory\r\n");
    fake_heap_set(FAKE_HEAP_ENDLESS);
    ASK(scene, "KEYS *\r\n", "*0\r\n");
}

#define TEST(name)                                           \
    cmocka_unit_test_setup_teardown(name, resp_scene_set_up, \
                                    resp_scene_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_answers_as_it_says),
        TEST(a_pattern_is_bounded),
        TEST(a_wait_ends_with_the_next_version_and_holds_nobody_up),
        TEST(what_comes_with_the_deadline_is_told),
        TEST(a_wait_that_is_cancelled_closes),
        cmocka_unit_test(a_session_that_goes_while_it_waits_is_not_counted),
        cmocka_unit_test(a_mailbox_that_is_not_to_be_had_is_named),
        TEST(without_memory_keys_are_not_listed),
    };

    return cmocka_run_group_tests_name("resp_keyspace", tests, NULL, NULL);
}
