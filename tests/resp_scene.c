#include "resp_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

#define MS ((uint64_t)1000000)

void
resp_scene_open(struct resp_scene *scene, size_t mailbox_bytes)
{
    memset(scene, 0, sizeof *scene);
    fake_store_init(&scene->fake, mailbox_bytes);
    scene->statistics.clients_max = 7;
    scene->config =
        (struct session_config){.packet_bytes = 64,
                                .gap_ns = 50 * MS,
                                .request_timeout_ns = 30000 * MS,
                                .idle_timeout_ns = 90000 * MS,
                                .wait_max_ns = 60000 * MS,
                                .clock = fake_store_clock(&scene->fake),
                                .statistics = &scene->statistics,
                                .census = &scene->census};
    assert_int_equal(census_init(&scene->census), 0);
    scene->said = malloc(RESP_SCENE_SAID_MAX);
    assert_non_null(scene->said);
    scene->said[0] = '\0';
    assert_int_equal(
        session_create(&scene->config, &scene->fake.store, &scene->session), 0);
    session_introduce(scene->session, 11, "127.0.0.1:4711");
    scene->next = session_advance(scene->session);
    assert_int_equal(scene->next, SESSION_RECEIVE);
}

void
resp_scene_close(struct resp_scene *scene)
{
    session_destroy(scene->session);
    census_fini(&scene->census);
    free(scene->said);
}

int
resp_scene_set_up(void **state)
{
    struct resp_scene *scene = malloc(sizeof *scene);

    assert_non_null(scene);
    resp_scene_open(scene, RESP_SCENE_MAILBOX);
    *state = scene;
    return 0;
}

int
resp_scene_tear_down(void **state)
{
    resp_scene_close(*state);
    free(*state);
    return 0;
}

static void
take_output(struct resp_scene *scene)
{
    const void *data;
    size_t length;

    session_output(scene->session, &data, &length);
    assert_true(length > 0);
    if (scene->send_max > 0 && length > scene->send_max) {
        length = scene->send_max;
    }
    assert_true(scene->said_bytes + length < RESP_SCENE_SAID_MAX);
    memcpy(scene->said + scene->said_bytes, data, length);
    scene->said_bytes += length;
    scene->said[scene->said_bytes] = '\0';
    session_sent(scene->session, length);
}

static void
wait_for_newer(struct resp_scene *scene)
{
    struct session_wanted wanted = session_wanted(scene->session);
    struct store *store = &scene->fake.store;

    scene->waits++;
    session_woken(scene->session,
                  store->ops->wait(store, wanted.mailbox, wanted.version,
                                   wanted.deadline_ns));
}

void
resp_scene_run(struct resp_scene *scene)
{
    int bound = RESP_SCENE_SAID_MAX;

    while (bound-- > 0) {
        scene->next = session_advance(scene->session);
        if (session_held_bytes(scene->session) > scene->held_max) {
            scene->held_max = session_held_bytes(scene->session);
        }
        if (scene->next == SESSION_SEND) {
            take_output(scene);
        } else if (scene->next == SESSION_WAIT && !scene->waits_by_hand) {
            wait_for_newer(scene);
        } else {
            return;
        }
    }
    fail_msg("the session never comes to rest");
}

void
resp_scene_send(struct resp_scene *scene, const char *bytes, size_t length)
{
    while (length > 0 && scene->next == SESSION_RECEIVE) {
        void *room;
        size_t piece;

        if (scene->rests) {
            session_rest(scene->session);
        }
        assert_int_equal(session_room(scene->session, &room, &piece), 0);
        assert_true(piece > 0);
        if (scene->piece_max > 0 && piece > scene->piece_max) {
            piece = scene->piece_max;
        }
        if (piece > length) {
            piece = length;
        }
        memcpy(room, bytes, piece);
        session_received(scene->session, piece);
        bytes += piece;
        length -= piece;
        resp_scene_run(scene);
    }
}

void
resp_scene_end(struct resp_scene *scene)
{
    if (scene->next == SESSION_RECEIVE) {
        session_ended(scene->session);
        resp_scene_run(scene);
    }
}

void
resp_scene_expect_said(struct resp_scene *scene, const char *file, int line,
                       const char *said)
{
    if (strcmp(scene->said, said) != 0) {
        print_error("%s:%d: answered\n%s\nand not\n%s\n", file, line,
                    scene->said, said);
    }
    assert_string_equal(scene->said, said);
    scene->said_bytes = 0;
    scene->said[0] = '\0';
}

void
resp_scene_expect(struct resp_scene *scene, const char *file, int line,
                  const char *sent, const char *said)
{
    resp_scene_send(scene, sent, strlen(sent));
    resp_scene_expect_said(scene, file, line, said);
}

void
resp_scene_check(const struct resp_scene *scene, int mailbox, uint64_t version,
                 const char *text)
{
    const struct fake_mailbox *found = &scene->fake.mailboxes[mailbox];

    assert_int_equal(found->version, version);
    assert_int_equal(found->size_bytes, strlen(text));
    assert_memory_equal(found->content, text, strlen(text));
}
