/* The command lines of dipc and dipcrm, as tables. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "clock.h"
#include "cmocka_all.h"
#include "removal_arguments.h"

#define WORDS_MAX 32

/* The words of a line, after the program's name; '' stands for an empty one. */
static int
split(char *line, char **argv)
{
    int count = 0;

    argv[count++] = line;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        assert_true(count < WORDS_MAX);
        argv[count++] = strcmp(word, "''") ? word : word + 2;
    }
    argv[count] = NULL;
    return count;
}

static struct arguments arguments;
static struct complaint complaint;
static char line[512];

static int
parse(const char *text)
{
    char *argv[WORDS_MAX + 1];

    (void)snprintf(line, sizeof line, "%s", text);
    int argc = split(line, argv);
    complaint.text[0] = '\0';
    return arguments_parse(argc, argv, &arguments, &complaint);
}

static void
four_numbers_are_enough(void **state)
{
    (void)state;
    assert_int_equal(parse("8 64 7000 4"), 0);
    assert_int_equal(arguments.action, ARGUMENTS_SERVE);
    assert_int_equal(arguments.mailboxes, 8);
    assert_int_equal(arguments.mailbox_bytes, 65536);
    assert_int_equal(arguments.port, 7000);
    assert_int_equal(arguments.packet_bytes, 4096);
    assert_false(arguments.foreground);
    assert_int_equal(arguments.listen_count, 0);
    assert_int_equal(arguments.clients_max, 4096);
    assert_int_equal(arguments.concurrency, 0);
    assert_int_equal(arguments.idle_timeout_ns, CLOCK_NEVER);
    assert_int_equal(arguments.request_timeout_ns, 30 * CLOCK_NS_PER_S);
    assert_int_equal(arguments.lock_timeout_ns, 5 * CLOCK_NS_PER_S);
    assert_int_equal(arguments.wait_max_ns, 60 * CLOCK_NS_PER_S);
    assert_int_equal(arguments.gap_ns, 50 * CLOCK_NS_PER_MS);
    assert_null(arguments.log);
    assert_false(arguments.verbose);
    assert_false(arguments.checked);
}

static void
every_option_is_read(void **state)
{
    (void)state;
    assert_int_equal(
        parse("--foreground --listen ::1 --listen=localhost --max-clients 7 "
              "--concurrency 3 --idle-timeout 5m --request-timeout 1.5 "
              "--lock-timeout 20ms "
              "--max-wait 0 --gap=1s --log /x/y --verbose --check -- 1 1 any "
              "1"),
        0);
    assert_true(arguments.foreground);
    assert_int_equal(arguments.listen_count, 2);
    assert_string_equal(arguments.listen[0], "::1");
    assert_string_equal(arguments.listen[1], "localhost");
    assert_int_equal(arguments.clients_max, 7);
    assert_int_equal(arguments.concurrency, 3);
    assert_int_equal(arguments.idle_timeout_ns, 300 * CLOCK_NS_PER_S);
    assert_int_equal(arguments.request_timeout_ns, 1500 * CLOCK_NS_PER_MS);
    assert_int_equal(arguments.lock_timeout_ns, 20 * CLOCK_NS_PER_MS);
    assert_int_equal(arguments.wait_max_ns, 0);
    assert_int_equal(arguments.gap_ns, CLOCK_NS_PER_S);
    assert_string_equal(arguments.log, "/x/y");
    assert_true(arguments.verbose);
    assert_true(arguments.checked);
    assert_int_equal(arguments.port, 0);
    assert_int_equal(parse("--idle-timeout 3 --idle-timeout none 1 1 1 1"), 0);
    assert_int_equal(arguments.idle_timeout_ns, CLOCK_NEVER);
}

static void
the_largest_are_taken(void **state)
{
    (void)state;
    assert_int_equal(
        parse("--max-clients 65536 1048576 1073741824 65535 1048576"), 0);
    assert_int_equal(arguments.mailboxes, 1048576);
    assert_int_equal(arguments.mailbox_bytes, UINT64_C(1) << 40);
    assert_int_equal(arguments.packet_bytes, UINT64_C(1) << 30);
}

static void
help_and_version_need_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(parse("--help"), 0);
    assert_int_equal(arguments.action, ARGUMENTS_HELP);
    assert_int_equal(parse("-h"), 0);
    assert_int_equal(arguments.action, ARGUMENTS_HELP);
    assert_int_equal(parse("--verbose --version --nonsense"), 0);
    assert_int_equal(arguments.action, ARGUMENTS_VERSION);
}

/* What is wrong, and a word that the complaint must have. */
static const struct {
    const char *line;
    const char *word;
} wrong[] = {
    {"", "no arguments"},
    {"1 1 1", "3 arguments"},
    {"1 1 1 1 1", "5 arguments"},
    {"1 1 1 1 --verbose", "options come first"},
    {"0 1 1 1", "mailboxes '0'"},
    {"-1 1 1 1", "mailboxes '-1'"},
    {"1048577 1 1 1", "1 to 1048576"},
    {"'' 1 1 1", "mailboxes ''"},
    {"x 1 1 1", "mailboxes 'x'"},
    {"1 0 1 1", "mailbox kB '0'"},
    {"1 1073741825 1 1", "1 to 1073741824"},
    {"1 -1 1 1", "mailbox kB '-1'"},
    {"1 1 0 1", "port '0'"},
    {"1 1 70000 1", "1 to 65535"},
    {"1 1 nonsense 1", "port 'nonsense'"},
    {"1 1 1 0", "packet kB '0'"},
    {"1 1 1 1048577", "1 to 1048576"},
    {"1 1 1 4k", "packet kB '4k'"},
    {"--nonsense 1 1 1 1", "--nonsense is not an option"},
    {"-x 1 1 1 1", "-x is not an option"},
    {"--nonsense=3 1 1 1 1", "--nonsense=3 is not an option"},
    {"--verbose=3 1 1 1 1", "--verbose=3 is not an option with a value"},
    {"--gap", "--gap needs a value"},
    {"--verbose --listen", "--listen needs a value"},
    {"--m 1 1 1 1", "--m is not"},
    {"--gap x 1 1 1 1", "--gap 'x'"},
    {"--gap 0 1 1 1 1", "1ms to 1m"},
    {"--gap -5 1 1 1 1", "--gap '-5'"},
    {"--gap 61 1 1 1 1", "--gap '61'"},
    {"--idle-timeout 0 1 1 1 1", "--idle-timeout '0'"},
    {"--request-timeout none 1 1 1 1", "--request-timeout 'none'"},
    {"--lock-timeout 2h 1 1 1 1", "--lock-timeout '2h'"},
    {"--max-wait 25h 1 1 1 1", "--max-wait '25h'"},
    {"--max-clients 0 1 1 1 1", "--max-clients '0'"},
    {"--max-clients 65537 1 1 1 1", "1 to 65536"},
    {"--concurrency 0 1 1 1 1", "--concurrency '0'"},
    {"--concurrency 65537 1 1 1 1", "1 to 65536"},
    {"--log '' 1 1 1 1", "--log ''"},
    {"--listen '' 1 1 1 1", "--listen ''"},
    {"--listen 1 --listen 2 --listen 3 --listen 4 --listen 5 --listen 6",
     "no arguments"},
};

static void
what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(parse(wrong[i].line), EINVAL);
        if (!strstr(complaint.text, wrong[i].word)) {
            fail_msg("'%s': '%s' lacks '%s'", wrong[i].line, complaint.text,
                     wrong[i].word);
        }
    }
}

static void
too_many_addresses_are_refused(void **state)
{
    static char option[] = "--listen";
    static char address[] = "::1";
    char *argv[2 * ARGUMENTS_LISTEN_MAX + 8];
    int argc = 0;

    (void)state;
    argv[argc++] = option; /* stands for the program's name */
    for (int i = 0; i <= ARGUMENTS_LISTEN_MAX; i++) {
        argv[argc++] = option;
        argv[argc++] = address;
    }
    argv[argc] = NULL;
    assert_int_equal(arguments_parse(argc, argv, &arguments, &complaint),
                     EINVAL);
    assert_non_null(strstr(complaint.text, "at most 16"));
}

static void
the_help_fits_a_terminal_and_tells_every_option(void **state)
{
    static char text[8192];
    static const char *const options[] = {
        "--foreground",   "--listen",       "--max-clients",
        "--concurrency",  "--idle-timeout", "--request-timeout",
        "--lock-timeout", "--max-wait",     "--gap",
        "--log",          "--verbose",      "--check",
        "--help",         "--version",
    };

    (void)state;
    FILE *stream = fmemopen(text, sizeof text, "w");
    assert_non_null(stream);
    arguments_print_help(stream);
    (void)fclose(stream);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        assert_non_null(strstr(text, options[i]));
    }
    for (char *row = strtok(text, "\n"); row; row = strtok(NULL, "\n")) {
        assert_true(strlen(row) <= 80);
    }
}

static struct removal_arguments removal;

static int
parse_removal(const char *text)
{
    char *argv[WORDS_MAX + 1];

    (void)snprintf(line, sizeof line, "%s", text);
    int argc = split(line, argv);
    complaint.text[0] = '\0';
    return removal_arguments_parse(argc, argv, &removal, &complaint);
}

static void
dipcrm_takes_a_port(void **state)
{
    (void)state;
    assert_int_equal(parse_removal("7000"), 0);
    assert_int_equal(removal.port, 7000);
    assert_false(removal.force);
    assert_null(removal.user);
    assert_int_equal(parse_removal("--force --user somebody 7000"), 0);
    assert_true(removal.force);
    assert_string_equal(removal.user, "somebody");
    assert_int_equal(parse_removal("--help"), 0);
    assert_int_equal(removal.action, ARGUMENTS_HELP);
    assert_int_equal(parse_removal("--version"), 0);
    assert_int_equal(removal.action, ARGUMENTS_VERSION);
}

static void
dipcrm_names_what_is_wrong(void **state)
{
    static const struct {
        const char *line;
        const char *word;
    } rows[] = {
        {"", "0 arguments"},         {"1 2", "2 arguments"},
        {"0", "port '0'"},           {"-1", "port '-1'"},
        {"any", "port 'any'"},       {"70000", "1 to 65535"},
        {"--user", "--user needs"},  {"--nonsense 1", "--nonsense is not"},
        {"1 --force", "come first"}, {"--force=1 1", "--force=1 is not"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse_removal(rows[i].line), EINVAL);
        if (!strstr(complaint.text, rows[i].word)) {
            fail_msg("'%s': '%s' lacks '%s'", rows[i].line, complaint.text,
                     rows[i].word);
        }
    }
}

static void
users_are_names_or_numbers(void **state)
{
    uid_t user = 7;

    (void)state;
    assert_int_equal(removal_arguments_user("root", &user, &complaint), 0);
    assert_int_equal(user, 0);
    assert_int_equal(removal_arguments_user("4000000001", &user, &complaint),
                     0);
    assert_int_equal(user, 4000000001);
    assert_int_equal(removal_arguments_user("-1", &user, &complaint), EINVAL);
    assert_int_equal(removal_arguments_user("no such user", &user, &complaint),
                     EINVAL);
    assert_int_equal(removal_arguments_user("4294967295", &user, &complaint),
                     EINVAL);
}

static void
a_unix_socket_has_a_path_a_mode_and_an_owner(void **state)
{
    (void)state;
    assert_int_equal(parse("1 1 any 1"), 0);
    assert_null(arguments.local.path);
    assert_int_equal(parse("--unix a.sock 1 1 any 1"), 0);
    assert_string_equal(arguments.local.path, "a.sock");
    assert_int_equal(arguments.local.mode, 0600);
    assert_int_equal(arguments.local.user, UNIX_SOCKET_SAME_USER);
    assert_int_equal(arguments.local.group, UNIX_SOCKET_SAME_GROUP);
    assert_int_equal(parse("--unix-owner root:7 --unix-mode 660 --unix /a "
                           "--listen none 1 1 7000 1"),
                     0);
    assert_int_equal(arguments.local.mode, 0660);
    assert_int_equal(arguments.local.user, 0);
    assert_int_equal(arguments.local.group, 7);
    assert_true(arguments.listens_nowhere);
}

static void
places_that_contradict_each_other_are_refused(void **state)
{
    static const struct {
        const char *line;
        const char *word;
    } rows[] = {
        {"--unix-mode 600 1 1 any 1", "--unix-mode"},
        {"--unix-owner root 1 1 any 1", "--unix-owner"},
        {"--unix a --unix b 1 1 any 1", "at most one"},
        {"--listen none 1 1 7000 1", "--unix PATH"},
        {"--listen none --unix a 1 1 any 1", "'any'"},
        {"--listen none --listen ::1 --unix a 1 1 7000 1", "contradict"},
        {"--unix '' 1 1 any 1", "--unix ''"},
        {"--unix a --unix-mode 9 1 1 any 1", "--unix-mode '9'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i].line), EINVAL);
        assert_non_null(strstr(complaint.text, rows[i].word));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_numbers_are_enough),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(the_largest_are_taken),
        cmocka_unit_test(help_and_version_need_nothing_else),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(too_many_addresses_are_refused),
        cmocka_unit_test(the_help_fits_a_terminal_and_tells_every_option),
        cmocka_unit_test(dipcrm_takes_a_port),
        cmocka_unit_test(dipcrm_names_what_is_wrong),
        cmocka_unit_test(a_unix_socket_has_a_path_a_mode_and_an_owner),
        cmocka_unit_test(places_that_contradict_each_other_are_refused),
        cmocka_unit_test(users_are_names_or_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
