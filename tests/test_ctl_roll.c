/* The clients of a server, as a table and as JSON. */

#include "ctl_roll.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

static struct ctl_clients before;
static struct ctl_clients now;
static uint64_t more[CTL_CLIENTS_MAX];

static int
fill(void **state)
{
    (void)state;
    before = (struct ctl_clients){
        .is_known = true,
        .count = 2,
        .rows = {{.number = 2, .requests = 10}, {.number = 1, .requests = 50}},
    };
    now = (struct ctl_clients){
        .is_known = true,
        .count = 4,
        .rows = {{.number = 4,
                  .address = "[::1]:50001",
                  .protocol = 3,
                  .name = "me",
                  .requests = 3,
                  .watching = 7},
                 {.number = 3,
                  .address = "a",
                  .requests = 900,
                  .watching = CTL_CLIENTS_NONE,
                  .is_own = true},
                 {.number = 2,
                  .address = "b",
                  .requests = 10,
                  .watching = 0,
                  .age_s = 100},
                 {.number = 1,
                  .address = "c",
                  .requests = 90,
                  .age_s = 7200,
                  .idle_s = 5,
                  .watching = CTL_CLIENTS_NONE}},
    };
    return 0;
}

static void
assert_shown(double in_s, const char *expected)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    struct ctl_table table = {
        .stream = stream, .line_end = "|\n", .columns = 100, .lines_left = 100};

    assert_non_null(stream);
    ctl_roll_print(&table, &now, more, in_s);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void
the_busiest_is_first_and_whoever_asks_last(void **state)
{
    (void)state;
    ctl_roll_compare(&before, &now, more);
    assert_shown(2, " CLIENT ADDRESS     PROTO    AGE   IDLE REQUESTS  PER S|\n"
                    "      1 c           dipc     2 h    5 s       90     20|\n"
                    "      4 [::1]:50001 redis    0 s    0 s        3    1.5  "
                    "waits for mailbox 7  (me)|\n"
                    "      2 b           dipc   1 min    0 s       10      0  "
                    "waits for mailbox 0|\n"
                    "      3 a           dipc     0 s    0 s      900    450  "
                    "this dipcctl|\n");
}

static void
without_an_earlier_list_those_that_wait_are_first(void **state)
{
    (void)state;
    ctl_roll_compare(NULL, &now, more);
    now.count = 4;
    now.rows[0].watching = CTL_CLIENTS_NONE;
    now.rows[0].name[0] = '\0';
    assert_shown(0, " CLIENT ADDRESS     PROTO    AGE   IDLE REQUESTS  PER S|\n"
                    "      2 b           dipc   1 min    0 s       10      -  "
                    "waits for mailbox 0|\n"
                    "      1 c           dipc     2 h    5 s       90      -|\n"
                    "      4 [::1]:50001 redis    0 s    0 s        3      -|\n"
                    "      3 a           dipc     0 s    0 s      900      -  "
                    "this dipcctl|\n");
}

static void
a_list_that_is_not_known_is_said_to_be(void **state)
{
    (void)state;
    now.is_known = false;
    assert_shown(1, "The server does not tell who its clients are.|\n");
}

static void
assert_json(const char *expected)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_non_null(stream);
    ctl_roll_print_json(stream, &now, more);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void
json_keeps_the_order_of_the_server(void **state)
{
    (void)state;
    ctl_roll_compare(&before, &now, more);
    memmove(&now.rows[1], &now.rows[3], sizeof now.rows[1]);
    more[1] = more[3];
    now.count = 2;
    assert_json("[{\"number\": 4, \"address\": \"[::1]:50001\", \"name\": "
                "\"me\", \"protocol\": \"redis\", \"age-seconds\": 0, "
                "\"idle-seconds\": 0, \"requests\": 3, \"new-requests\": 3, "
                "\"watching\": 7}, "
                "{\"number\": 1, \"address\": \"c\", \"name\": \"\", "
                "\"protocol\": \"dipc\", \"age-seconds\": 7200, "
                "\"idle-seconds\": 5, \"requests\": 90, \"new-requests\": "
                "40}]");
    now.count = 0;
    assert_json("[]");
    now.is_known = false;
    assert_json("null");
}

#define TEST(name) cmocka_unit_test_setup(name, fill)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_busiest_is_first_and_whoever_asks_last),
        TEST(without_an_earlier_list_those_that_wait_are_first),
        TEST(a_list_that_is_not_known_is_said_to_be),
        TEST(json_keeps_the_order_of_the_server),
    };

    return cmocka_run_group_tests_name("ctl_roll", tests, NULL, NULL);
}
