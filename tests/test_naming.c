/* Names of segments and sockets. */

#include "cmocka_all.h"
#include "naming.h"

static void
a_name_is_found_again(void **state)
{
    static const struct {
        uid_t user;
        uint16_t port;
        const char *name;
    } rows[] = {
        {0, 1, "/dipc-0-1"},
        {1000, 7000, "/dipc-1000-7000"},
        {4294967294U, 65535, "/dipc-4294967294-65535"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[NAMING_MAX];
        uid_t user = 77;
        uint16_t port = 77;
        naming_segment(rows[i].user, rows[i].port, name);
        assert_string_equal(name, rows[i].name);
        assert_true(naming_is_segment(name + 1, &user, &port));
        assert_int_equal(user, rows[i].user);
        assert_int_equal(port, rows[i].port);
    }
}

static void
other_names_are_not_ours(void **state)
{
    static const char *const names[] = {
        "",           "dipc",         "dipc-1",       "dipc-1-",
        "dipc-1-2x",  "dipc-01-2",    "dipc-1-02",    "dipc-1-65536",
        "dipc--1-2",  "dipc-1-2-3",   " dipc-1-2",    "/dipc-1-2",
        "dipc-1- 2",  "dipc-+1-2",    "dipc-x-2",     "dipc-9999999999-1",
        "dipc-1-2\n", "sem.dipc-1-2", "dipc-1-99999",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uid_t user;
        uint16_t port;
        assert_false(naming_is_segment(names[i], &user, &port));
    }
}

static void
a_socket_is_named_by_its_port(void **state)
{
    char name[NAMING_MAX];

    (void)state;
    naming_socket(65535, name);
    assert_string_equal(name, "65535.sock");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_again),
        cmocka_unit_test(other_names_are_not_ours),
        cmocka_unit_test(a_socket_is_named_by_its_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
