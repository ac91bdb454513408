/* Lists of names and values, as a server tells them and as it should not. */

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "dipc.h"
#include "fake_peer.h"

#define PATIENCE_MS 30000

static struct dipc_statistics *statistics;
static struct dipc_error error;

/* What dipc_stat makes of a server's text. */
static enum dipc_status
ask(const char *text)
{
    char said[512];
    struct fake_peer peer;
    struct dipc_connection *connection;

    (void)snprintf(said, sizeof said, "ok %zu\n%s", strlen(text), text);
    const struct peer_step step = {.expects = "s 3\n", .answers = said};
    fake_peer_start(&peer, &step, 1);
    assert_int_equal(
        dipc_connect_unix(peer.path, PATIENCE_MS, &connection, &error),
        DIPC_OK);
    enum dipc_status status = dipc_stat(connection, 3, &statistics, &error);
    assert_int_equal(dipc_is_connected(connection), status == DIPC_OK);
    dipc_close(connection);
    fake_peer_end(&peer);
    return status;
}

static void
names_and_values_are_found(void **state)
{
    uint64_t number = 7;

    (void)state;
    assert_int_equal(ask("version 1.0.0\nclients 18446744073709551615\n"
                         "note two words\nsize 18446744073709551616\n"),
                     DIPC_OK);
    assert_int_equal(dipc_statistics_count(statistics), 4);
    assert_string_equal(dipc_statistics_name(statistics, 0), "version");
    assert_string_equal(dipc_statistics_value(statistics, 0), "1.0.0");
    assert_string_equal(dipc_statistics_value(statistics, 2), "two words");
    assert_null(dipc_statistics_name(statistics, 4));
    assert_null(dipc_statistics_value(statistics, 4));
    assert_false(dipc_statistics_number(statistics, "version", &number));
    assert_false(dipc_statistics_number(statistics, "client", &number));
    assert_false(dipc_statistics_number(statistics, "size", &number));
    assert_int_equal(number, 7);
    assert_true(dipc_statistics_number(statistics, "clients", &number));
    assert_true(number == UINT64_MAX);
    dipc_statistics_free(statistics);
    dipc_statistics_free(NULL);
}

/* The same in a batch: what was answered before it stays. */
static void
no_list_in_a_batch_costs_the_connection_too(void **state)
{
    const struct peer_step step = {.expects = "r 1 max=0\ns 3\n",
                                   .answers =
                                       "ok 0 version=5 size=0\nok 3\nx 1"};
    struct fake_peer peer;
    struct dipc_connection *connection;
    struct dipc_batch *batch = dipc_batch_create();

    (void)state;
    assert_non_null(batch);
    fake_peer_start(&peer, &step, 1);
    assert_int_equal(
        dipc_connect_unix(peer.path, PATIENCE_MS, &connection, &error),
        DIPC_OK);
    assert_int_equal(dipc_batch_read(batch, 1, 0, DIPC_ANY_VERSION, NULL, 0),
                     DIPC_OK);
    assert_int_equal(dipc_batch_stat(batch, 3, &statistics), DIPC_OK);
    assert_int_equal(dipc_batch_flush(batch, connection, &error),
                     DIPC_PROTOCOL);
    assert_false(dipc_is_connected(connection));
    assert_int_equal(dipc_batch_result(batch, 0, NULL, &error), DIPC_OK);
    assert_int_equal(dipc_batch_result(batch, 1, NULL, &error), DIPC_PROTOCOL);
    assert_string_equal(error.message, "the server's statistics are no list of "
                                       "names and values");
    assert_int_equal(dipc_statistics_count(statistics), 0);
    dipc_statistics_free(statistics);
    dipc_batch_free(batch);
    dipc_close(connection);
    fake_peer_end(&peer);
}

static void
an_empty_list_is_one(void **state)
{
    (void)state;
    assert_int_equal(ask(""), DIPC_OK);
    assert_int_equal(dipc_statistics_count(statistics), 0);
    dipc_statistics_free(statistics);
}

static void
anything_else_is_no_list(void **state)
{
    static const char *const wrong[] = {"x",   "x 1",  "x 1\ny",
                                        "x\n", " 1\n", "x 1\n\n"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ask(wrong[i]), DIPC_PROTOCOL);
        assert_null(statistics);
    }
}

/* The value may be empty, a flag. */
static void
a_value_may_be_empty(void **state)
{
    uint64_t number;

    (void)state;
    assert_int_equal(ask("x \n"), DIPC_OK);
    assert_string_equal(dipc_statistics_value(statistics, 0), "");
    assert_false(dipc_statistics_number(statistics, "x", &number));
    dipc_statistics_free(statistics);
}

static void
an_endless_list_is_refused(void **state)
{
    const struct peer_step step = {
        .expects = "s 3\n", .answers = "ok 16385\n", .end = PEER_STAYS_SILENT};
    struct fake_peer peer;
    struct dipc_connection *connection;

    (void)state;
    fake_peer_start(&peer, &step, 1);
    assert_int_equal(
        dipc_connect_unix(peer.path, PATIENCE_MS, &connection, &error),
        DIPC_OK);
    assert_int_equal(dipc_stat(connection, 3, &statistics, &error),
                     DIPC_PROTOCOL);
    dipc_close(connection);
    fake_peer_end(&peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_are_found),
        cmocka_unit_test(an_empty_list_is_one),
        cmocka_unit_test(anything_else_is_no_list),
        cmocka_unit_test(no_list_in_a_batch_costs_the_connection_too),
        cmocka_unit_test(a_value_may_be_empty),
        cmocka_unit_test(an_endless_list_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
