#include "resp_information.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "resp_scene.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
send_text(struct resp_scene *scene, const char *text)
{
    scene->said_bytes = 0;
    scene->said[0] = '\0';
    resp_scene_send(scene, text, strlen(text));
}

/* A field of INFO, as a number; -1: it is not told. */
static long
field(const struct resp_scene *scene, const char *name)
{
    char begin[64];
    const char *found;

    (void)snprintf(begin, sizeof begin, "\n%s", name);
    found = strstr(scene->said, begin);
    return found == NULL ? -1 : strtol(found + strlen(begin) + 1, NULL, 10);
}

/* What redis-cli --stat and client libraries look for. */
static void
info_tells_what_clients_look_for(void **state)
{
    static const struct {
        const char *name;
        long value;
    } fields[] = {
        {"used_memory", 800},
        {"maxclients", 7},
        {"connected_clients", 2},
        {"blocked_clients", 0},
        {"total_connections_received", 5},
        {"total_commands_processed", 3},
        {"loading", 0},
        {"rdb_bgsave_in_progress", 0},
        {"aof_rewrite_in_progress", 0},
        {"uptime_in_seconds", 4},
        {"connected_slaves", 0},
        {"mailboxes", 4},
        {"mailbox_bytes", 100},
        {"writes", 2},
        {"reads", 0},
        {"db0:keys", 2},
    };
    struct resp_scene *scene = *state;
    size_t i;

    scene->statistics.clients = 2;
    scene->statistics.clients_total = 5;
    scene->fake.now_ns = scene->statistics.started_ns + 4500000000;
    send_text(scene, "SET 3 a\r\nSET 2 b\r\nPING\r\n");
    send_text(scene, "INFO\r\n");
    assert_int_equal(scene->said[0], '$');
    for (i = 0; i < COUNT(fields); i++) {
        if (field(scene, fields[i].name) != fields[i].value) {
            print_error("%s in\n%s\n", fields[i].name, scene->said);
        }
        assert_int_equal(field(scene, fields[i].name), fields[i].value);
    }
    assert_non_null(strstr(scene->said, "redis_version:7.0.15\r\n"));
    assert_non_null(strstr(scene->said, "role:master\r\n"));
}

static void
info_tells_the_sections_that_are_asked_for(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "INFO replication\r\n",
        "$48\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\r\n");
    ASK(scene, "INFO what\r\n", "$0\r\n\r\n");
    ASK(scene, "INFO KEYSPACE\r\n", "$12\r\n# Keyspace\r\n\r\n");
    send_text(scene, "INFO server clients\r\n");
    assert_non_null(strstr(scene->said, "# Server\r\n"));
    assert_non_null(strstr(scene->said, "\r\n\r\n# Clients\r\n"));
    assert_null(strstr(scene->said, "# Memory"));
    send_text(scene, "INFO everything\r\n");
    assert_non_null(strstr(scene->said, "# Keyspace\r\n"));
}

/* With a mailbox locked for EXEC, the others cannot be looked at. */
static void
info_in_a_transaction_leaves_the_keyspace_out(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "MULTI\r\nSET 3 a\r\nINFO keyspace\r\nEXEC\r\n",
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$12\r\n# Keyspace\r\n\r\n");
    send_text(scene, "HELLO 3\r\n");
    send_text(scene, "INFO keyspace\r\n");
    assert_string_equal(scene->said, "=48\r\ntxt:# Keyspace\r\n"
                                     "db0:keys=1,expires=0,avg_ttl=0\r\n\r\n");
}

static void
settings_are_told_by_pattern(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "CONFIG GET save\r\n", "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    ASK(scene, "CONFIG GET appendonly\r\n",
        "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n");
    ASK(scene, "CONFIG GET SA* save max* what\r\n",
        "*8\r\n$10\r\nmaxclients\r\n$1\r\n7\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n"
        "$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n"
        "$4\r\nsave\r\n$0\r\n\r\n");
    ASK(scene, "CONFIG GET proto-max-bulk-len timeout\r\n",
        "*4\r\n$18\r\nproto-max-bulk-len\r\n$3\r\n100\r\n"
        "$7\r\ntimeout\r\n$2\r\n90\r\n");
    ASK(scene, "CONFIG GET what\r\n", "*0\r\n");
    ASK(scene, "CONFIG GET\r\n",
        "-ERR wrong number of arguments for 'config|get' command\r\n");
    ASK(scene, "CONFIG SET save x\r\n",
        "-ERR unknown subcommand 'SET'. Try CONFIG HELP.\r\n");
    send_text(scene, "HELLO 3\r\n");
    send_text(scene, "CONFIG GET save\r\n");
    assert_string_equal(scene->said, "%1\r\n$4\r\nsave\r\n$0\r\n\r\n");
}

static void
time_is_told_in_seconds_and_microseconds(void **state)
{
    struct resp_scene *scene = *state;
    long long seconds = 0;
    int digits = 0;

    send_text(scene, "TIME\r\n");
    assert_int_equal(
        sscanf(scene->said, "*2\r\n$10\r\n%lld\r\n$%d\r\n", &seconds, &digits),
        2);
    assert_true(seconds > 1700000000);
    assert_in_range(digits, 1, 6);
}

static void
commands_are_told_by_name(void **state)
{
    struct resp_scene *scene = *state;

    ASK(scene, "COMMAND INFO get what POST\r\n",
        "*3\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r"
        "\n:1\r\n*0\r\n*0\r\n*0\r\n*0\r\n$-1\r\n$-1\r\n");
    ASK(scene, "COMMAND INFO MSET\r\n",
        "*1\r\n*10\r\n$4\r\nmset\r\n:-3\r\n*1\r\n+write\r\n:1\r\n:-1\r\n:2\r\n"
        "*0\r\n*0\r\n*0\r\n*0\r\n");
    ASK(scene, "COMMAND DOCS get what\r\n",
        "*2\r\n$3\r\nget\r\n*8\r\n$7\r\nsummary\r\n"
        "$24\r\nThe content of a mailbox\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n"
        "$5\r\ngroup\r\n$6\r\nstring\r\n$9\r\narguments\r\n*1\r\n*4\r\n"
        "$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$6\r\nstring\r\n");
    ASK(scene, "COMMAND WHAT\r\n",
        "-ERR unknown subcommand 'WHAT'. Try COMMAND HELP.\r\n");
    send_text(scene, "HELLO 3\r\n");
    send_text(scene, "COMMAND INFO unwatch\r\n");
    assert_string_equal(scene->said,
                        "*1\r\n*10\r\n$7\r\nunwatch\r\n:1\r\n~1\r\n+fast\r\n"
                        ":0\r\n:0\r\n:0\r\n~0\r\n~0\r\n~0\r\n~0\r\n");
}

/* Count what a whole answer holds: as many elements as it announced. */
static size_t
skip_answer(const char *said, size_t at)
{
    size_t left = 1;

    while (left > 0) {
        const char *from = said + at;
        long count = strtol(from + 1, NULL, 10);

        assert_non_null(strstr(from, "\r\n"));
        at += (size_t)(strstr(from, "\r\n") - from) + 2;
        left--;
        switch (from[0]) {
        case '*':
        case '~':
            left += (size_t)count;
            break;
        case '%':
            left += 2 * (size_t)count;
            break;
        case '$':
            at += (size_t)count + 2;
            break;
        default:
            assert_non_null(strchr("+:", from[0]));
            break;
        }
    }
    return at;
}

static void
what_is_told_of_all_commands_is_whole(void **state)
{
    static const char *const sent[] = {"COMMAND\r\n", "COMMAND DOCS\r\n",
                                       "COMMAND INFO\r\n", "COMMAND LIST\r\n",
                                       "COMMAND HELP\r\n"};
    struct resp_scene *scene = *state;
    long counted;
    size_t i;

    send_text(scene, "COMMAND COUNT\r\n");
    counted = strtol(scene->said + 1, NULL, 10);
    assert_int_equal(counted, 38);
    for (i = 0; i < COUNT(sent); i++) {
        send_text(scene, sent[i]);
        assert_int_equal(skip_answer(scene->said, 0), scene->said_bytes);
        if (i < 4) {
            assert_int_equal(strtol(scene->said + 1, NULL, 10),
                             i == 1 ? 2 * counted : counted);
        }
    }
    send_text(scene, "HELLO 3\r\n");
    for (i = 0; i < COUNT(sent); i++) {
        send_text(scene, sent[i]);
        assert_int_equal(skip_answer(scene->said, 0), scene->said_bytes);
    }
}

#define TEST(name)                                           \
    cmocka_unit_test_setup_teardown(name, resp_scene_set_up, \
                                    resp_scene_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(info_tells_what_clients_look_for),
        TEST(info_tells_the_sections_that_are_asked_for),
        TEST(info_in_a_transaction_leaves_the_keyspace_out),
        TEST(settings_are_told_by_pattern),
        TEST(time_is_told_in_seconds_and_microseconds),
        TEST(commands_are_told_by_name),
        TEST(what_is_told_of_all_commands_is_whole),
    };

    return cmocka_run_group_tests_name("resp_information", tests, NULL, NULL);
}
