#include "resp_connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "resp_scene.h"

#define OK "+OK\r\n"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

#define HELLO_2                                                          \
    "*14\r\n$6\r\nserver\r\n$4\r\ndipc\r\n$7\r\nversion\r\n$6\r\n"       \
    "7.0.15\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:11\r\n$4\r\nmode\r\n"   \
    "$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r" \
    "\n*0\r\n"
#define LINE_OF(name, count, command, resp, library, version)               \
    "id=11 addr=127.0.0.1:4711 name=" name " age=0 idle=0 flags=N db=0 "    \
    "sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 "           \
    "multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r "        \
    "cmd=" command " user=default redir=-1 resp=" resp " lib-name=" library \
    " lib-ver=" version " tot-cmds=" count "\n"

struct row {
    const char *sent;
    const char *said;
};

/* clang-format off */
static const struct row rows[] = {
    {"PING\r\n", "+PONG\r\n"},
    {"PING hello\r\n", "$5\r\nhello\r\n"},
    {"PING a b\r\n", "-ERR wrong number of arguments for 'ping' command\r\n"},
    {"ECHO hello\r\n", "$5\r\nhello\r\n"},
    {"ECHO\r\n", "-ERR wrong number of arguments for 'echo' command\r\n"},
    {"SELECT 0\r\n", OK},
    {"SELECT 1\r\n", "-ERR DB index is out of range\r\n"},
    {"SELECT x\r\n", "-ERR value is not an integer or out of range\r\n"},
    {"AUTH secret\r\n",
     "-ERR AUTH <password> called without any password configured for the "
     "default user. Are you sure your configuration is correct?\r\n"},
    {"AUTH default secret\r\n", OK},
    {"AUTH alice secret\r\n",
     "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
    {"AUTH a b c\r\n", "-ERR syntax error\r\n"},
    {"HELLO\r\n", HELLO_2},
    {"HELLO 2\r\n", HELLO_2},
    {"HELLO 2 AUTH default x SETNAME me\r\n", HELLO_2},
    {"HELLO 4\r\n", "-NOPROTO unsupported protocol version\r\n"},
    {"HELLO 1\r\n", "-NOPROTO unsupported protocol version\r\n"},
    {"HELLO x\r\n",
     "-ERR Protocol version is not an integer or out of range\r\n"},
    {"HELLO 2 AUTH alice x\r\n",
     "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
    {"HELLO 2 AUTH default\r\n", "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
    {"HELLO 2 WHAT\r\n", "-ERR Syntax error in HELLO option 'WHAT'\r\n"},
    {"HELLO 2 SETNAME \"a b\"\r\n",
     "-ERR Client names cannot contain spaces, newlines or special "
     "characters.\r\n"},
    {"CLIENT ID\r\n", ":11\r\n"},
    {"CLIENT GETNAME\r\n", "$-1\r\n"},
    {"CLIENT SETNAME me\r\n", OK},
    {"CLIENT SETNAME \"\"\r\n", OK},
    {"CLIENT SETNAME \"a\\n\"\r\n",
     "-ERR Client names cannot contain spaces, newlines or special "
     "characters.\r\n"},
    {"CLIENT SETNAME " HUNDRED HUNDRED TEN TEN TEN TEN TEN "12345\r\n", OK},
    {"CLIENT SETNAME " HUNDRED HUNDRED TEN TEN TEN TEN TEN "123456\r\n",
     "-ERR Client names cannot be longer than 255 bytes.\r\n"},
    {"CLIENT SETINFO LIB-NAME a\r\n", OK},
    {"client setinfo lib-ver 1\r\n", OK},
    {"CLIENT SETINFO LIB-NAME \"a b\"\r\n",
     "-ERR lib-name cannot contain spaces, newlines or special "
     "characters.\r\n"},
    {"CLIENT SETINFO WHAT a\r\n", "-ERR Unrecognized option 'WHAT'\r\n"},
    {"CLIENT SETINFO LIB-NAME\r\n",
     "-ERR wrong number of arguments for 'client|setinfo' command\r\n"},
    {"CLIENT KILL x\r\n",
     "-ERR unknown subcommand 'KILL'. Try CLIENT HELP.\r\n"},
    {"CLIENT\r\n", "-ERR wrong number of arguments for 'client' command\r\n"},
    {"CLIENT LIST TYPE pubsub\r\n", "$0\r\n\r\n"},
    {"CLIENT LIST TYPE what\r\n", "-ERR Unknown client type 'what'\r\n"},
    {"CLIENT LIST ID 5\r\n", "$0\r\n\r\n"},
    {"CLIENT LIST ID 0\r\n", "$0\r\n\r\n"},
    {"CLIENT LIST ID -5\r\n", "$0\r\n\r\n"},
    {"CLIENT LIST ID 5 x\r\n", "-ERR Invalid client ID\r\n"},
    {"CLIENT LIST ID x\r\n", "-ERR Invalid client ID\r\n"},
    {"CLIENT LIST WHAT\r\n", "-ERR syntax error\r\n"},
};
/* clang-format on */

static void
every_command_answers_as_redis_would(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        struct resp_scene scene;

        resp_scene_open(&scene, RESP_SCENE_MAILBOX);
        ASK(&scene, rows[i].sent, rows[i].said);
        OPEN(&scene);
        resp_scene_close(&scene);
    }
}

static void
quit_is_answered_and_closes(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "MULTI\r\nQUIT\r\nPING\r\n", OK OK);
    CLOSED(scene);
}

static void
a_greeting_that_is_wrong_changes_nothing(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "HELLO 3 SETNAME me WHAT\r\n",
        "-ERR Syntax error in HELLO option 'WHAT'\r\n");
    ASK(scene, "CLIENT GETNAME\r\nGET 3\r\n", "$-1\r\n$-1\r\n");
}

static void
reset_begins_anew(void **state)
{
    struct resp_scene *scene = *state;

    resp_scene_send(scene, "HELLO 3 SETNAME me\r\n", 20);
    scene->said_bytes = 0;
    ASK(scene, "CLIENT GETNAME\r\nGET 3\r\nWATCH 3\r\nMULTI\r\nSET 3 a\r\n",
        "$2\r\nme\r\n_\r\n" OK OK "+QUEUED\r\n");
    ASK(scene, "RESET\r\n", "+RESET\r\n");
    ASK(scene, "CLIENT GETNAME\r\nGET 3\r\nEXEC\r\n",
        "$-1\r\n$-1\r\n-ERR EXEC without MULTI\r\n");
    resp_scene_check(scene, 3, 0, "");
}

static void
ask_for_line(struct resp_scene *scene, const char *sent, const char *line)
{
    char said[1024];

    (void)snprintf(said, sizeof said, "$%zu\r\n%s\r\n", strlen(line), line);
    ASK(scene, sent, said);
}

static void
a_client_is_listed_as_it_calls_itself(void **state)
{
    static const char named[] = LINE_OF("me", "7", "client", "3", "lib", "1.2");
    struct resp_scene *scene = *state;
    char said[1024];

    ask_for_line(scene, "CLIENT INFO\r\n",
                 LINE_OF("", "0", "client", "2", "", ""));
    ask_for_line(scene, "CLIENT LIST\r\n",
                 LINE_OF("", "1", "client", "2", "", ""));
    ask_for_line(scene, "CLIENT LIST ID 4 11\r\n",
                 LINE_OF("", "2", "client", "2", "", ""));
    ask_for_line(scene, "CLIENT LIST TYPE normal\r\n",
                 LINE_OF("", "3", "client", "2", "", ""));
    resp_scene_send(scene, "HELLO 3 SETNAME me\r\n", 20);
    scene->said_bytes = 0;
    ASK(scene, "CLIENT SETINFO lib-name lib\r\n", OK);
    ASK(scene, "CLIENT SETINFO lib-ver 1.2\r\n", OK);
    (void)snprintf(said, sizeof said, "=%zu\r\ntxt:%s\r\n", 4 + strlen(named),
                   named);
    ASK(scene, "CLIENT INFO\r\n", said);
}

/* One more session of the scene's server. */
static void
join(struct resp_scene *other, struct resp_scene *scene, const char *peer)
{
    resp_scene_open(other, RESP_SCENE_MAILBOX);
    session_destroy(other->session);
    other->config.census = &scene->census;
    assert_int_equal(
        session_create(&other->config, &other->fake.store, &other->session), 0);
    session_introduce(other->session, 12, peer);
    other->next = session_advance(other->session);
}

/* Two sessions of one server see each other, and the end of one. */
static void
the_others_are_listed_too(void **state)
{
    struct resp_scene *scene = *state;
    struct resp_scene other;

    join(&other, scene, "unix");
    ASK(&other, "CLIENT SETNAME other\r\n", OK);
    resp_scene_send(scene, "CLIENT LIST\r\n", 13);
    assert_non_null(strstr(scene->said, "id=11 addr=127.0.0.1:4711 "));
    assert_non_null(strstr(scene->said, "id=12 addr=unix name=other "));
    scene->said_bytes = 0;
    resp_scene_close(&other);
    resp_scene_send(scene, "CLIENT LIST\r\n", 13);
    assert_non_null(strstr(scene->said, "id=11 "));
    assert_null(strstr(scene->said, "id=12 "));
}

/* One that has not spoken yet, then speaks DIPC's own protocol, and waits. */
static void
a_client_of_the_other_protocol_is_listed(void **state)
{
    struct resp_scene *scene = *state;
    struct resp_scene other;

    join(&other, scene, "process 7 of user 8");
    other.waits_by_hand = true;
    resp_scene_send(scene, "CLIENT LIST ID 12\r\n", 19);
    assert_non_null(strstr(scene->said, "id=12 addr=process-7-of-user-8 name= "
                                        "age=0 idle=0 flags=N db=0 sub=0 "
                                        "psub=0 ssub=0 multi=-1 "));
    assert_non_null(strstr(scene->said, " cmd=NULL user=default redir=-1 "
                                        "resp=0 lib-name= lib-ver= "
                                        "tot-cmds=0\n"));
    scene->said_bytes = 0;
    resp_scene_send(&other, "s\nr 3 after=0\n", 14);
    assert_int_equal(other.next, SESSION_WAIT);
    resp_scene_send(scene, "CLIENT LIST ID 12\r\n", 19);
    assert_non_null(strstr(scene->said, " flags=b "));
    assert_non_null(strstr(scene->said, " resp=0 lib-name= lib-ver= "
                                        "tot-cmds=1 watching=3\n"));
    scene->said_bytes = 0;
    session_woken(other.session, ETIMEDOUT);
    resp_scene_run(&other);
    resp_scene_send(scene, "CLIENT LIST ID 12\r\n", 19);
    assert_non_null(strstr(scene->said, " flags=N "));
    assert_non_null(strstr(scene->said, " resp=0 lib-name= lib-ver= "
                                        "tot-cmds=2\n"));
    resp_scene_close(&other);
}

static void
what_a_client_does_is_listed(void **state)
{
    struct resp_scene *scene = *state;
    struct resp_scene other;

    join(&other, scene, "unix");
    ASK(&other, "MULTI\r\nGET 3\r\nGET 3\r\n", OK "+QUEUED\r\n+QUEUED\r\n");
    resp_scene_send(scene, "CLIENT LIST ID 12\r\n", 19);
    assert_non_null(strstr(scene->said, " flags=x "));
    assert_non_null(strstr(scene->said, " multi=2 "));
    assert_non_null(strstr(scene->said, " cmd=get "));
    scene->said_bytes = 0;
    other.waits_by_hand = true;
    ASK(&other, "DISCARD\r\nDIPC.WAIT 3 0 9000\r\n", OK);
    resp_scene_send(scene, "CLIENT LIST ID 12\r\n", 19);
    assert_non_null(strstr(scene->said, " flags=b "));
    assert_non_null(strstr(scene->said, " multi=-1 "));
    assert_non_null(strstr(scene->said, " cmd=dipc.wait "));
    resp_scene_close(&other);
}

static void
help_lists_the_subcommands(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "CONFIG HELP\r\n",
        "*5\r\n"
        "+CONFIG <subcommand> [<arg> ...]. Subcommands are:\r\n"
        "+GET pattern [pattern ...]\r\n"
        "+    The settings whose names match.\r\n"
        "+HELP\r\n"
        "+    The subcommands.\r\n");
}

#define TEST(name)                                           \
    cmocka_unit_test_setup_teardown(name, resp_scene_set_up, \
                                    resp_scene_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_answers_as_redis_would),
        TEST(quit_is_answered_and_closes),
        TEST(a_greeting_that_is_wrong_changes_nothing),
        TEST(reset_begins_anew),
        TEST(a_client_is_listed_as_it_calls_itself),
        TEST(the_others_are_listed_too),
        TEST(a_client_of_the_other_protocol_is_listed),
        TEST(what_a_client_does_is_listed),
        TEST(help_lists_the_subcommands),
    };

    return cmocka_run_group_tests_name("resp_connection", tests, NULL, NULL);
}
