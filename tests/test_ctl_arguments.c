/* The command lines of dipcctl, as tables. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "ctl_arguments.h"

#define WORDS_MAX 32

static struct ctl_arguments arguments;
static struct complaint complaint;
static char line[256];

/* The words of a line; '' stands for an empty one. */
static int
parse(const char *text)
{
    char *argv[WORDS_MAX + 1] = {line};
    int argc = 1;

    (void)snprintf(line, sizeof line, "%s", text);
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = strcmp(word, "''") ? word : word + 2;
    }
    complaint.text[0] = '\0';
    return ctl_arguments_parse(argc, argv, &arguments, &complaint);
}

static int
set_server(void **state)
{
    (void)state;
    return setenv("DIPC_SERVER", "localhost:7000", 1);
}

static void
a_command_has_its_operands(void **state)
{
    static const struct {
        const char *line;
        enum ctl_command command;
        uint64_t mailbox;
        uint64_t version;
        const char *data;
    } rows[] = {
        {"read 3", CTL_READ, 3, CTL_NONE, NULL},
        {"write 3", CTL_WRITE, 3, CTL_NONE, NULL},
        {"write 3 -", CTL_WRITE, 3, CTL_NONE, NULL},
        {"write 3 ''", CTL_WRITE, 3, CTL_NONE, ""},
        {"write 3 hello", CTL_WRITE, 3, CTL_NONE, "hello"},
        {"write 3 -- -5", CTL_WRITE, 3, CTL_NONE, "-5"},
        {"append 3 hello", CTL_APPEND, 3, CTL_NONE, "hello"},
        {"cas 3 7", CTL_CAS, 3, 7, NULL},
        {"cas 3 7 hello", CTL_CAS, 3, 7, "hello"},
        {"wait 3", CTL_WAIT, 3, CTL_NONE, NULL},
        {"wait 3 0", CTL_WAIT, 3, 0, NULL},
        {"watch 4294967294", CTL_WATCH, 4294967294, CTL_NONE, NULL},
        {"stat", CTL_STAT, CTL_NONE, CTL_NONE, NULL},
        {"stat 0", CTL_STAT, 0, CTL_NONE, NULL},
        {"top", CTL_TOP, CTL_NONE, CTL_NONE, NULL},
        {"ping", CTL_PING, CTL_NONE, CTL_NONE, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i].line), 0);
        assert_int_equal(arguments.action, CTL_RUN);
        assert_int_equal(arguments.command, rows[i].command);
        assert_true(arguments.mailbox == rows[i].mailbox);
        assert_true(arguments.version == rows[i].version);
        assert_string_equal(arguments.server, "localhost:7000");
        assert_int_equal(arguments.data != NULL, rows[i].data != NULL);
        if (rows[i].data) {
            assert_string_equal(arguments.data, rows[i].data);
        }
    }
}

static void
options_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(parse("-s a:1 -t 2 read 3"), 0);
    assert_string_equal(arguments.server, "a:1");
    assert_int_equal(arguments.timeout_ms, 2000);
    assert_int_equal(parse("read --at 5 3 --max=6 -j -s b:2 --if 7"), 0);
    assert_string_equal(arguments.server, "b:2");
    assert_int_equal(arguments.mailbox, 3);
    assert_int_equal(arguments.at, 5);
    assert_int_equal(arguments.max, 6);
    assert_int_equal(arguments.condition, 7);
    assert_true(arguments.json);
    assert_int_equal(parse("-j write 3 --at end -q --pieces -f x"), 0);
    assert_true(arguments.at == CTL_END);
    assert_true(arguments.json);
    assert_true(arguments.quiet);
    assert_true(arguments.pieces);
    assert_string_equal(arguments.file, "x");
    assert_int_equal(parse("wait 3 --wait 50ms"), 0);
    assert_int_equal(arguments.wait_ms, 50);
    assert_int_equal(parse("watch 3 --from 0 -n 2"), 0);
    assert_int_equal(arguments.from, 0);
    assert_int_equal(arguments.count, 2);
    assert_int_equal(parse("top -i 0.5"), 0);
    assert_int_equal(arguments.interval_ms, 500);
}

static void
without_options_the_defaults_hold(void **state)
{
    (void)state;
    assert_int_equal(parse("wait 3"), 0);
    assert_int_equal(arguments.timeout_ms, 10000);
    assert_int_equal(arguments.wait_ms, CTL_FOREVER);
    assert_int_equal(arguments.interval_ms, 1000);
    assert_true(arguments.condition == CTL_NONE);
    assert_true(arguments.from == CTL_NONE);
    assert_true(arguments.count == CTL_NONE);
    assert_false(arguments.json);
    assert_false(arguments.pieces);
}

static void
what_makes_no_sense_is_explained(void **state)
{
    static const struct {
        const char *line;
        const char *word;
    } rows[] = {
        {"", "a command is wanted"},
        {"reed", "'reed' is not a command"},
        {"read", "read MAILBOX is right"},
        {"read 1 2", "read MAILBOX is right"},
        {"write 1 a b", "data with spaces is quoted"},
        {"cas 1", "cas MAILBOX VERSION [DATA] is right"},
        {"ping 1", "ping takes no arguments"},
        {"read x", "mailbox 'x'"},
        {"read 4294967295", "mailbox '4294967295'"},
        {"read ''", "mailbox ''"},
        {"cas 1 x y", "version 'x'"},
        {"cas 1 9223372036854775808", "0 to 9223372036854775807"},
        {"wait 1 -- -1", "version '-1'"},
        {"read 1 --at end", "--at 'end'"},
        {"read 1 --pieces", "--pieces is not an option of read"},
        {"read 1 --if", "--if needs a value"},
        {"read 1 --if=x", "--if 'x'"},
        {"write 1 -5", "'--' goes before data"},
        {"write 1 -x", "-x is not an option of write"},
        {"write 1 a -f b", "given twice"},
        {"watch 1 -n 0", "--count '0'"},
        {"ping -i x", "--interval 'x'"},
        {"-n 1 ping", "-n is not an option"},
        {"-t 25h ping", "--timeout '25h'"},
        {"-s", "-s needs a value"},
        {"-s '' ping", "DIPC_SERVER"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (parse(rows[i].line) != EINVAL ||
            !strstr(complaint.text, rows[i].word)) {
            fail_msg("'%s': %s", rows[i].line, complaint.text);
        }
    }
}

static void
a_server_must_be_named(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("DIPC_SERVER"), 0);
    assert_int_equal(parse("ping"), EINVAL);
    assert_non_null(strstr(complaint.text, "DIPC_SERVER"));
    assert_int_equal(parse("ping -s x"), 0);
    assert_int_equal(set_server(NULL), 0);
}

static void
help_and_version_need_nothing_else(void **state)
{
    static const struct {
        const char *line;
        enum ctl_action action;
        enum ctl_command command;
    } rows[] = {
        {"--help", CTL_HELP, CTL_COMMANDS},
        {"-h", CTL_HELP, CTL_COMMANDS},
        {"read --help", CTL_HELP, CTL_READ},
        {"top x -h", CTL_HELP, CTL_TOP},
        {"--version", CTL_VERSION, CTL_COMMANDS},
        {"ping -V", CTL_VERSION, CTL_PING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i].line), 0);
        assert_int_equal(arguments.action, rows[i].action);
        assert_int_equal(arguments.command, rows[i].command);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_has_its_operands),
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(without_options_the_defaults_hold),
        cmocka_unit_test(what_makes_no_sense_is_explained),
        cmocka_unit_test(a_server_must_be_named),
        cmocka_unit_test(help_and_version_need_nothing_else),
    };

    return cmocka_run_group_tests(tests, set_server, NULL);
}
