#include "statistics.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "version.h"

static void
every_figure_stands_on_a_line_of_its_own(void **state)
{
    static const char expected[] = "version " VERSION_TEXT "\n"
                                   "instance 13\n"
                                   "uptime-seconds 61\n"
                                   "mailboxes 15\n"
                                   "mailbox-bytes 16\n"
                                   "packet-bytes 17\n"
                                   "clients 1\n"
                                   "clients-max 12\n"
                                   "clients-total 2\n"
                                   "reads 3\n"
                                   "writes 4\n"
                                   "conflicts 5\n"
                                   "timeouts 6\n"
                                   "lock-timeouts 7\n"
                                   "lock-recoveries 8\n"
                                   "bad-requests 9\n"
                                   "bytes-in 10\n"
                                   "bytes-out 11\n";
    const _Atomic uint64_t recoveries = 8;
    struct statistics statistics = {.clients = 1,
                                    .clients_total = 2,
                                    .reads = 3,
                                    .writes = 4,
                                    .conflicts = 5,
                                    .timeouts = 6,
                                    .lock_timeouts = 7,
                                    .lock_recoveries = &recoveries,
                                    .bad_requests = 9,
                                    .bytes_in = 10,
                                    .bytes_out = 11,
                                    .clients_max = 12,
                                    .instance = 13,
                                    .started_ns = 14,
                                    .mailboxes = 15,
                                    .mailbox_bytes = 16,
                                    .packet_bytes = 17};
    char text[STATISTICS_TEXT_MAX];
    size_t length = statistics_encode(&statistics, 61999999999 + 14, text);

    (void)state;
    assert_int_equal(length, sizeof expected - 1);
    assert_memory_equal(text, expected, length);
}

static void
the_largest_figures_fit(void **state)
{
    struct statistics statistics;
    char text[STATISTICS_TEXT_MAX];
    size_t length;

    (void)state;
    memset(&statistics, 0xff, sizeof statistics);
    statistics.started_ns = 0;
    const _Atomic uint64_t most = UINT64_MAX;
    statistics.lock_recoveries = &most;
    length = statistics_encode(&statistics, UINT64_MAX, text);
    assert_true(length < STATISTICS_TEXT_MAX);
    assert_int_equal(text[length - 1], '\n');
    text[length - 1] = '\0';
    assert_non_null(strstr(text, "\nbytes-out 18446744073709551615"));
}

static void
a_counter_is_raised_by_the_amount(void **state)
{
    struct statistics statistics = {0};

    (void)state;
    statistics_add(&statistics.reads, 1);
    statistics_add(&statistics.reads, 41);
    assert_int_equal(statistics.reads, 42);
    assert_int_equal(statistics.writes, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_stands_on_a_line_of_its_own),
        cmocka_unit_test(the_largest_figures_fit),
        cmocka_unit_test(a_counter_is_raised_by_the_amount),
    };

    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
