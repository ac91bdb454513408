/* The table of dipcctl top: its figures, its order, and how it is cut. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cmocka_all.h"
#include "ctl_top.h"
#include "live_server.h"

static struct ctl_top_sample before;
static struct ctl_top_sample now;
static char shown[8192];

static void
show(bool compared, size_t columns, size_t lines)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_non_null(stream);
    ctl_top_print(stream, "here:7000", compared ? &before : NULL, &now, columns,
                  lines, "|\n");
    assert_int_equal(fclose(stream), 0);
    assert_true(length < sizeof shown);
    memcpy(shown, text, length + 1);
    free(text);
}

static int
fill(void **state)
{
    (void)state;
    before = (struct ctl_top_sample){
        .taken_ns = 5 * CLOCK_NS_PER_S,
        .version = "1.0.0",
        .instance = 7,
        .mailboxes = 4,
        .mailbox_bytes = 65536,
        .packet_bytes = 4096,
        .clients_max = 16,
        .rows_count = 4,
        .reads = 100,
        .bytes_in = 1000,
        .rows = {{.mailbox = 0},
                 {.mailbox = 1, .version = 10},
                 {.mailbox = 2, .version = 1},
                 {.mailbox = 3, .reads = 5}},
    };
    now = before;
    now.taken_ns += 2 * CLOCK_NS_PER_S;
    now.uptime_s = 3 * 3600 + 25 * 60;
    now.clients = 3;
    now.clients_total = 9;
    now.reads = 103;
    now.bytes_in = 1000 + 2 * 1536;
    now.rows[1].version = 30;
    now.rows[1].size = 1536;
    now.rows[2].watching = 2;
    now.rows[3].reads = 405;
    return 0;
}

static void
the_busier_comes_first_and_the_unused_not_at_all(void **state)
{
    (void)state;
    show(true, 100, 0);
    assert_string_equal(
        shown,
        "dipc 1.0.0 at here:7000, up 3 h 25 min: 4 mailboxes of 64 kB, packets "
        "of 4 kB|\n"
        "clients 3 of 16, 9 ever   new/s 4.5   in/s 1.5 kB   out/s 0 B|\n"
        "reads 103 (1.5/s)   writes 0 (0/s)   conflicts 0   timeouts 0|\n"
        "lock timeouts 0   lock recoveries 0   bad requests 0|\n"
        "MAILBOX   VERSION WRITES/S     READS  READS/S     SIZE READING QUEUED "
        "WATCHING|\n"
        "      3         0        0       405      200      0 B       0      0 "
        "       0|\n"
        "      1        30       10         0        0   1.5 kB       0      0 "
        "       0|\n"
        "      2         1        0         0        0      0 B       0      0 "
        "       2|\n"
        "The server does not tell who its clients are.|\n");
}

static void
without_an_earlier_sample_there_are_no_rates(void **state)
{
    (void)state;
    show(false, 100, 0);
    assert_non_null(strstr(shown, "new/s -   in/s -   out/s -"));
    assert_non_null(strstr(shown, "reads 103 (-/s)"));
    const char *first = strstr(shown, "      2         1        -");
    const char *second = strstr(shown, "      1        30        -");
    assert_non_null(first);
    assert_true(second > first);
}

static void
another_server_is_not_compared(void **state)
{
    (void)state;
    now.instance = 8;
    show(true, 100, 0);
    assert_non_null(strstr(shown, "reads 103 (-/s)"));
}

static void
figures_that_fell_are_no_rates(void **state)
{
    (void)state;
    before.reads = 1000;
    before.rows[1].version = 1000;
    show(true, 100, 0);
    assert_non_null(strstr(shown, "reads 103 (0/s)"));
    assert_non_null(strstr(shown, "      1        30        0"));
}

static void
lines_and_columns_are_cut(void **state)
{
    (void)state;
    show(true, 20, 6);
    assert_string_equal(shown, "dipc 1.0.0 at here:7|\n"
                               "clients 3 of 16, 9 e|\n"
                               "reads 103 (1.5/s)   |\n"
                               "lock timeouts 0   lo|\n"
                               "MAILBOX   VERSION WR|\n"
                               "      3         0   |\n");
}

/* Mailboxes and clients share the lines that there are. */
static void
half_of_the_lines_are_the_clients(void **state)
{
    static const struct {
        size_t clients;
        size_t lines;
        const char *mailboxes;
        const char *clients_shown;
    } rows[] = {
        {5, 5 + 4, "31", "5"},
        {5, 5 + 9, "312", "54321"}, /* all */
        {5, 5 + 8, "312", "5432"},
        {1, 5 + 4, "31", "5"}, /* what they do not need is the others' */
        {1, 5 + 5, "312", "5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        now.list =
            (struct ctl_clients){.is_known = true, .count = rows[i].clients};
        for (size_t j = 0; j < rows[i].clients; j++) {
            now.list.rows[j].number = 5 - j;
            now.list.rows[j].requests = 5 - j;
            now.list.rows[j].watching = CTL_CLIENTS_NONE;
        }
        show(true, 100, rows[i].lines);
        const char *at = strstr(shown, "WATCHING|\n");
        assert_non_null(at);
        for (const char *box = rows[i].mailboxes; *box != '\0'; box++) {
            at = strchr(at, '\n') + 1;
            assert_int_equal(at[6], *box);
        }
        at = strchr(at, '\n') + 1;
        assert_memory_equal(at, " CLIENT ADDRESS", 15);
        for (const char *one = rows[i].clients_shown; *one != '\0'; one++) {
            at = strchr(at, '\n') + 1;
            assert_int_equal(at[6], *one);
        }
        assert_string_equal(strchr(at, '\n'), "\n");
    }
}

static void
more_mailboxes_than_are_looked_at_are_mentioned(void **state)
{
    (void)state;
    now.mailboxes = 5;
    show(true, 100, 0);
    assert_non_null(strstr(shown, "(the first 4096 mailboxes)"));
}

static void
json_has_every_mailbox(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    (void)state;
    assert_non_null(stream);
    ctl_top_print_json(stream, &before, &now);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "{\"seconds\": 2.000, \"instance\": 7, "));
    assert_non_null(strstr(text, "\"boxes\": [{\"mailbox\": 0, "));
    assert_non_null(strstr(text, "\"new-writes\": 20}"));
    assert_non_null(strstr(text, "], \"connections\": null}"));
    assert_int_equal(text[length - 1], '\n');
    assert_ptr_equal(strchr(text, '\n'), text + length - 1);
    free(text);
}

static void
a_sample_is_what_the_server_tells(void **state)
{
    struct live_server live;
    struct dipc_connection *connection;
    struct ctl_clients_link link;
    struct dipc_error error;
    char port[8];

    (void)state;
    live_server_init(&live);
    live_server_start(&live);
    (void)snprintf(port, sizeof port, "%u", (unsigned)live.listener.port);
    assert_int_equal(dipc_connect("localhost", port, 30000, &connection, NULL),
                     DIPC_OK);
    assert_int_equal(dipc_write(connection, 2, "abc", 3, NULL, NULL), DIPC_OK);
    assert_int_equal(dipc_read(connection, 2, NULL, 0, NULL, NULL), DIPC_OK);
    ctl_clients_open(&link, dipc_descriptor(connection), 30000);
    assert_int_equal(ctl_top_take(connection, &link, &now, &error), DIPC_OK);
    ctl_clients_close(&link);
    assert_true(now.list.is_known);
    assert_int_equal(now.list.count, 2);
    assert_int_equal(now.mailboxes, LIVE_MAILBOXES);
    assert_int_equal(now.rows_count, LIVE_MAILBOXES);
    assert_in_range(now.clients, 1, 2); /* the other has just come */
    assert_int_equal(now.writes, 1);
    assert_int_equal(now.packet_bytes, LIVE_PACKET_BYTES);
    assert_int_equal(now.rows[2].version, 1);
    assert_int_equal(now.rows[2].size, 3);
    assert_int_equal(now.rows[2].reads, 1);
    assert_int_equal(now.rows[3].version, 0);
    assert_true(now.version[0] != '\0');
    dipc_close(connection);
    assert_int_equal(live_server_end(&live), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_busier_comes_first_and_the_unused_not_at_all,
                               fill),
        cmocka_unit_test_setup(without_an_earlier_sample_there_are_no_rates,
                               fill),
        cmocka_unit_test_setup(another_server_is_not_compared, fill),
        cmocka_unit_test_setup(figures_that_fell_are_no_rates, fill),
        cmocka_unit_test_setup(lines_and_columns_are_cut, fill),
        cmocka_unit_test_setup(more_mailboxes_than_are_looked_at_are_mentioned,
                               fill),
        cmocka_unit_test_setup(half_of_the_lines_are_the_clients, fill),
        cmocka_unit_test_setup(json_has_every_mailbox, fill),
        cmocka_unit_test(a_sample_is_what_the_server_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
