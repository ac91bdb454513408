/* Who is connected, asked of a real server and of what is none. */

#include "ctl_clients.h"

#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "dipc.h"
#include "fake_peer.h"
#include "live_server.h"

#define PATIENCE_MS 30000

static struct ctl_clients clients;
static struct ctl_clients_link connection;

static void
parse(const char *text)
{
    ctl_clients_parse(&clients, text, strlen(text));
}

static void
lines_are_read_and_what_is_strange_is_not(void **state)
{
    (void)state;
    parse("id=7 addr=[::1]:5 name=me age=60 idle=3 flags=b new tot-cmds=9 "
          "resp=3 x= =y watching=4\n"
          "\n"
          "addr=nobody age=4\n"
          "  id=8   resp=0");
    assert_true(clients.is_known);
    assert_int_equal(clients.count, 2);
    assert_int_equal(clients.rows[0].number, 7);
    assert_string_equal(clients.rows[0].address, "[::1]:5");
    assert_string_equal(clients.rows[0].name, "me");
    assert_int_equal(clients.rows[0].age_s, 60);
    assert_int_equal(clients.rows[0].idle_s, 3);
    assert_int_equal(clients.rows[0].requests, 9);
    assert_int_equal(clients.rows[0].protocol, 3);
    assert_int_equal(clients.rows[0].watching, 4);
    assert_int_equal(clients.rows[1].number, 8);
    assert_true(clients.rows[1].watching == CTL_CLIENTS_NONE);
    parse("");
    assert_true(clients.is_known);
    assert_int_equal(clients.count, 0);
}

static void
more_than_there_is_room_for_is_cut(void **state)
{
    static char text[20 * CTL_CLIENTS_MAX];
    char name[200];

    (void)state;
    text[0] = '\0';
    for (size_t i = 0; i < CTL_CLIENTS_MAX + 5; i++) {
        memcpy(text + 5 * i, "id=1\n", 6);
    }
    parse(text);
    assert_int_equal(clients.count, CTL_CLIENTS_MAX);
    memset(name, 'x', sizeof name);
    memcpy(name, "id=1 name=", 10);
    ctl_clients_parse(&clients, name, sizeof name);
    assert_int_equal(strlen(clients.rows[0].name), CTL_CLIENTS_NAME_MAX - 1);
}

static const struct ctl_client *
find(bool is_own)
{
    for (size_t i = 0; i < clients.count; i++) {
        if (clients.rows[i].is_own == is_own) {
            return &clients.rows[i];
        }
    }
    fail_msg("none of them");
    return NULL;
}

static void
a_server_lists_all_its_clients(void **state)
{
    struct live_server live;

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    int first = live_server_connect(&live);
    int other = live_server_connect(&live);
    live_server_say(first, "r 0\n"); /* who is answered is listed */
    live_server_expect(first, "ok 0 version=0 size=0\n");
    live_server_say(other, "r 2 after=0\n");
    live_server_await_watchers(&live, 2, 1);
    ctl_clients_open(&connection, first, PATIENCE_MS);
    for (int i = 0; i < 2; i++) { /* over one connection */
        ctl_clients_take(&connection, &clients);
        assert_true(clients.is_known);
        assert_int_equal(clients.count, 3);
        assert_int_equal(find(false)->watching, 2);
        assert_int_equal(find(false)->protocol, 0);
    }
    assert_true(find(true)->number != find(false)->number);
    ctl_clients_close(&connection);
    (void)close(first);
    (void)close(other);
    assert_int_equal(live_server_end(&live), 0);
}

/* Each of them costs the list, and nothing else. */
static void
what_is_no_list_is_not_asked_for_again(void **state)
{
    static const char *const answers[] = {
        "err bad-request: unknown verb\n",
        "-ERR unknown command\r\n",
        "$x\r\n",
        "$99999999\r\nid=1\n",
        "$9\r\nid=1\n", /* and closes */
    };

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct peer_step step = {.expects = "CLIENT LIST\r\n",
                                       .answers = answers[i]};
        struct fake_peer peer;
        struct dipc_connection *first;

        fake_peer_start(&peer, &step, 1);
        assert_int_equal(
            dipc_connect_unix(peer.path, PATIENCE_MS, &first, NULL), DIPC_OK);
        connection = (struct ctl_clients_link){
            .fd = dup(dipc_descriptor(first)), .timeout_ms = PATIENCE_MS};
        assert_true(connection.fd >= 0);
        ctl_clients_take(&connection, &clients);
        assert_false(clients.is_known);
        assert_int_equal(connection.fd, -1);
        ctl_clients_take(&connection, &clients);
        assert_false(clients.is_known);
        dipc_close(first);
        fake_peer_end(&peer);
    }
}

static void
a_list_may_come_in_pieces(void **state)
{
    const struct peer_step step = {.expects = "CLIENT LIST\r\n",
                                   .answers = "$10\r\nid=1\nid=2\n\r\n",
                                   .piece_bytes = 1};
    struct fake_peer peer;
    struct dipc_connection *first;

    (void)state;
    fake_peer_start(&peer, &step, 1);
    assert_int_equal(dipc_connect_unix(peer.path, PATIENCE_MS, &first, NULL),
                     DIPC_OK);
    connection = (struct ctl_clients_link){.fd = dup(dipc_descriptor(first)),
                                           .timeout_ms = PATIENCE_MS};
    ctl_clients_take(&connection, &clients);
    assert_true(clients.is_known);
    assert_int_equal(clients.count, 2);
    ctl_clients_close(&connection);
    dipc_close(first);
    fake_peer_end(&peer);
}

static void
silence_ends_by_the_timeout(void **state)
{
    const struct peer_step step = {.expects = "CLIENT LIST\r\n",
                                   .answers = "$10\r\nid",
                                   .end = PEER_STAYS_SILENT};
    struct fake_peer peer;
    struct dipc_connection *first;

    (void)state;
    fake_peer_start(&peer, &step, 1);
    assert_int_equal(dipc_connect_unix(peer.path, PATIENCE_MS, &first, NULL),
                     DIPC_OK);
    connection = (struct ctl_clients_link){.fd = dup(dipc_descriptor(first)),
                                           .timeout_ms = 20};
    ctl_clients_take(&connection, &clients);
    assert_false(clients.is_known);
    dipc_close(first);
    fake_peer_end(&peer);
}

static void
where_nobody_listens_there_is_no_list(void **state)
{
    (void)state;
    ctl_clients_open(&connection, -1, PATIENCE_MS);
    assert_int_equal(connection.fd, -1);
    ctl_clients_take(&connection, &clients);
    assert_false(clients.is_known);
    ctl_clients_close(&connection);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_and_what_is_strange_is_not),
        cmocka_unit_test(more_than_there_is_room_for_is_cut),
        cmocka_unit_test(a_server_lists_all_its_clients),
        cmocka_unit_test(what_is_no_list_is_not_asked_for_again),
        cmocka_unit_test(a_list_may_come_in_pieces),
        cmocka_unit_test(silence_ends_by_the_timeout),
        cmocka_unit_test(where_nobody_listens_there_is_no_list),
    };

    return cmocka_run_group_tests_name("ctl_clients", tests, NULL, NULL);
}
