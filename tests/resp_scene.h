#ifndef DIPC_RESP_SCENE_H
#define DIPC_RESP_SCENE_H

/*
 * A scene for tests of Redis's protocol: a session over a store in plain
 * memory, the engine that drives it, and all that it said.
 *
 * Idea.  What is sent is text, typed lines or arrays; what must be answered is
 * text too.  The pieces in which it arrives and leaves can be chosen.
 *
 * Who may call.  One test.
 */

#include <stdbool.h>
#include <stddef.h>

#include "census.h"
#include "fake_store.h"
#include "session.h"

#define RESP_SCENE_MAILBOX 100
#define RESP_SCENE_SAID_MAX (1 << 20)

struct resp_scene {
    struct fake_store fake;
    struct statistics statistics;
    struct census census;
    struct session_config config;
    struct session *session;
    enum session_next next;
    size_t piece_max;   /* what arrives at once; 0: all of it */
    size_t send_max;    /* what leaves at once; 0: all of it */
    bool rests;         /* the session rests before each piece */
    bool waits_by_hand; /* a wait is left to the test */
    size_t waits;
    size_t held_max;
    size_t said_bytes;
    char *said;
};

/* Mailboxes 0 to 3 of mailbox_bytes, empty. */
void resp_scene_open(struct resp_scene *scene, size_t mailbox_bytes);
void resp_scene_close(struct resp_scene *scene);

/* cmocka's set up and tear down: a scene of RESP_SCENE_MAILBOX bytes. */
int resp_scene_set_up(void **state);
int resp_scene_tear_down(void **state);

/* Drive the session until it must receive, or wait by hand, or has closed. */
void resp_scene_run(struct resp_scene *scene);

/* The client sends bytes; what comes after the session's end is lost. */
void
resp_scene_send(struct resp_scene *scene, const char *bytes, size_t length);

/* The client half-closes. */
void resp_scene_end(struct resp_scene *scene);

/* Send a text, and see that exactly this is answered. */
void resp_scene_expect(struct resp_scene *scene, const char *file, int line,
                       const char *sent, const char *said);

/* What was said since the last time is exactly this. */
void resp_scene_expect_said(struct resp_scene *scene, const char *file,
                            int line, const char *said);

#define ASK(scene, sent, said) \
    resp_scene_expect(scene, __FILE__, __LINE__, sent, said)
#define SAID(scene, said) \
    resp_scene_expect_said(scene, __FILE__, __LINE__, said)
#define OPEN(scene) assert_int_equal((scene)->next, SESSION_RECEIVE)
#define CLOSED(scene) assert_int_equal((scene)->next, SESSION_CLOSE)

/* The mailbox has this version and this text. */
void resp_scene_check(const struct resp_scene *scene, int mailbox,
                      uint64_t version, const char *text);

#endif
