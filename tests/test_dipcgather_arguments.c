/* The arguments of dipcgather: what each right one means. */

#include "dipcgather_arguments.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "cmocka_all.h"
#include "gather.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
parse(const char *line, char *room, char **argv,
      struct dipcgather_arguments *arguments)
{
    struct complaint complaint = {""};
    int argc = 0;

    (void)strcpy(room, line);
    for (char *word = strtok(room, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    int error = dipcgather_arguments_parse(argc, argv, arguments, &complaint);
    assert_int_equal(error != 0, complaint.text[0] != '\0');
    return error;
}

static void
an_address_is_taken_apart(void **state)
{
    static const struct {
        const char *line;
        const char *host;
        uint16_t port;
    } rows[] = {
        {"dipcgather -n 1 --listen 127.0.0.1 -- x", "127.0.0.1", 0},
        {"dipcgather -n 1 --listen 127.0.0.1:80 -- x", "127.0.0.1", 80},
        {"dipcgather -n 1 --listen here:any -- x", "here", 0},
        {"dipcgather -n 1 --listen ::1 -- x", "::1", 0},
        {"dipcgather -n 1 --listen [::1] -- x", "::1", 0},
        {"dipcgather -n 1 --listen [::1]:65535 -- x", "::1", 65535},
        {"dipcgather -n 1 --remote 1", "127.0.0.1", 0},
        {"dipcgather -n 1 --remote 1 --listen ::", "::", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct dipcgather_arguments arguments;
        char room[128];
        char *argv[16];
        assert_int_equal(parse(rows[i].line, room, argv, &arguments), 0);
        assert_true(arguments.listens);
        assert_string_equal(arguments.host, rows[i].host);
        assert_int_equal(arguments.port, rows[i].port);
    }
}

static void
a_size_may_have_a_unit(void **state)
{
    static const struct {
        const char *line;
        uint64_t bytes; /* 0: it is none */
    } rows[] = {
        {"dipcgather -n 1 -- x", GATHER_RESULT_MAX},
        {"dipcgather -n 1 --max-result 1 -- x", 1},
        {"dipcgather -n 1 --max-result 3k -- x", 3 << 10},
        {"dipcgather -n 1 --max-result 3M -- x", 3 << 20},
        {"dipcgather -n 1 --max-result 7G -- x", (uint64_t)7 << 30},
        {"dipcgather -n 1 --max-result 4294967296G -- x", (uint64_t)1 << 62},
        {"dipcgather -n 1 --max-result 4294967297G -- x", 0},
        {"dipcgather -n 1 --max-result 0 -- x", 0},
        {"dipcgather -n 1 --max-result -1 -- x", 0},
        {"dipcgather -n 1 --max-result 1K -- x", 0},
        {"dipcgather -n 1 --max-result 1kk -- x", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct dipcgather_arguments arguments;
        char room[128];
        char *argv[16];
        int error = parse(rows[i].line, room, argv, &arguments);
        assert_int_equal(error, rows[i].bytes ? 0 : EINVAL);
        if (!error) {
            assert_true(arguments.result_bytes_max == rows[i].bytes);
        }
    }
}

static void
the_rest_is_the_command_with_its_own_options(void **state)
{
    struct dipcgather_arguments arguments;
    char room[128];
    char *argv[16];

    (void)state;
    assert_int_equal(parse("dipcgather -n 20 --timeout 1500ms --fail-fast "
                           "--output - --quiet cut -f {} --help",
                           room, argv, &arguments),
                     0);
    assert_int_equal(arguments.action, DIPCGATHER_GATHER);
    assert_int_equal(arguments.children, 20);
    assert_int_equal(arguments.timeout_ns, 1500 * CLOCK_NS_PER_MS);
    assert_true(arguments.fail_fast);
    assert_true(arguments.quiet);
    assert_null(arguments.output);
    assert_false(arguments.listens);
    assert_string_equal(arguments.command[0], "cut");
    assert_string_equal(arguments.command[3], "--help");
    assert_null(arguments.command[4]);
}

static void
help_needs_nothing_else(void **state)
{
    struct dipcgather_arguments arguments;
    char room[128];
    char *argv[16];

    (void)state;
    assert_int_equal(parse("dipcgather -h", room, argv, &arguments), 0);
    assert_int_equal(arguments.action, DIPCGATHER_HELP);
    assert_int_equal(parse("dipcgather --version x", room, argv, &arguments),
                     0);
    assert_int_equal(arguments.action, DIPCGATHER_VERSION);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_taken_apart),
        cmocka_unit_test(a_size_may_have_a_unit),
        cmocka_unit_test(the_rest_is_the_command_with_its_own_options),
        cmocka_unit_test(help_needs_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
