/* What dipcsend takes, and what it says about what it does not take. */

#include "dipcsend_arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "gather.h"

#define WORDS_MAX 12

static struct dipcsend_arguments arguments;
static struct complaint complaint;
static char words[256];
static char *argv[WORDS_MAX + 1];

/* One word behind the other, each parted by one blank. */
static int
parse(const char *line)
{
    int argc = 0;
    char *rest = words;

    (void)snprintf(words, sizeof words, "dipcsend %s", line);
    complaint.text[0] = '\0';
    while (rest != NULL) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = strsep(&rest, " ");
    }
    argv[argc] = NULL;
    return dipcsend_arguments_parse(argc, argv, &arguments, &complaint);
}

static void
standard_input_is_sent_with_nothing_announced(void **state)
{
    (void)state;
    assert_int_equal(parse("127.0.0.1:7000 12"), 0);
    assert_int_equal(arguments.action, DIPCSEND_SEND);
    assert_string_equal(arguments.address, "127.0.0.1:7000");
    assert_int_equal(arguments.which, 12);
    assert_null(arguments.token_file);
    assert_null(arguments.command);
    assert_int_equal(arguments.type, 0);
    assert_int_equal(arguments.fail, 0);
    assert_true(arguments.size_bytes == GATHER_SENDER_ANY_SIZE);
}

static void
options_stand_before_the_address_and_a_command_behind(void **state)
{
    (void)state;
    assert_int_equal(
        parse("--token-file t --type 7 --size 9 unix:p 0 -- sort -u"), 0);
    assert_string_equal(arguments.token_file, "t");
    assert_int_equal(arguments.type, 7);
    assert_int_equal(arguments.size_bytes, 9);
    assert_string_equal(arguments.address, "unix:p");
    assert_string_equal(arguments.command[0], "sort");
    assert_string_equal(arguments.command[1], "-u");
    assert_null(arguments.command[2]);
    assert_int_equal(parse("--fail 5 h:1 0"), 0);
    assert_int_equal(arguments.fail, 5);
}

static void
help_and_version_want_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(parse("--help"), 0);
    assert_int_equal(arguments.action, DIPCSEND_HELP);
    assert_int_equal(parse("-h --nonsense"), 0);
    assert_int_equal(arguments.action, DIPCSEND_HELP);
    assert_int_equal(parse("--version"), 0);
    assert_int_equal(arguments.action, DIPCSEND_VERSION);
}

static void
what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *line;
        const char *words;
    } rows[] = {
        {"h:1", "1 argument; ADDRESS WHICH are wanted"},
        {"--type 1", "0 arguments; ADDRESS WHICH are wanted"},
        {"h:1 x", "WHICH"},
        {"h:1 -1", "WHICH"},
        {"h:1 0 sort", "'sort' behind WHICH"},
        {"h:1 0 -x", "'-x' behind WHICH"},
        {"h:1 0 --x", "'--x' behind WHICH"},
        {"h:1 0 --", "'--' behind WHICH"},
        {"--nonsense h:1 0", "--nonsense is not an option"},
        {"--type", "--type needs a value"},
        {"--type x h:1 0", "--type"},
        {"--size x h:1 0", "--size"},
        {"--fail 0 h:1 0", "--fail"},
        {"--fail 1 h:1 0 -- sort", "'sort' would not be run"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i].line), EINVAL);
        if (strstr(complaint.text, rows[i].words) == NULL) {
            fail_msg("'%s' does not say '%s'", complaint.text, rows[i].words);
        }
    }
}

static void
the_help_names_every_option(void **state)
{
    static const char *const names[] = {"--token-file", "--type", "--size",
                                        "--fail",       "--help", "--version",
                                        "Exit status"};
    char *text = NULL;
    size_t length = 0;

    (void)state;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    dipcsend_arguments_print_help(stream);
    assert_int_equal(fclose(stream), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(strstr(text, names[i]));
    }
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_input_is_sent_with_nothing_announced),
        cmocka_unit_test(options_stand_before_the_address_and_a_command_behind),
        cmocka_unit_test(help_and_version_want_nothing_else),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(the_help_names_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
