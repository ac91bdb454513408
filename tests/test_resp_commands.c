#include "resp_commands.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "resp_scene.h"

/* Found by halving, so their order matters. */
static void
every_command_is_found_by_its_name(void **state)
{
    size_t count = 0;
    const struct resp_command *commands = resp_commands(&count);
    size_t i;

    (void)state;
    assert_true(count > 30);
    for (i = 0; i < count; i++) {
        const char *name = commands[i].name;

        assert_ptr_equal(
            resp_command_find((struct resp_word){name, strlen(name)}),
            &commands[i]);
        if (i > 0) {
            assert_true(strcmp(commands[i - 1].name, name) < 0);
        }
    }
    assert_ptr_equal(resp_command_find((struct resp_word){"GeT", 3}),
                     resp_command_find((struct resp_word){"get", 3}));
    assert_null(resp_command_find((struct resp_word){"get\0x", 5}));
    assert_null(resp_command_find((struct resp_word){"", 0}));
    assert_null(resp_command_find(
        (struct resp_word){"a-name-that-is-longer-than-any-name", 35}));
}

/* What each row of the table promises to whoever runs it. */
static void
every_row_of_the_table_is_whole(void **state)
{
    size_t count = 0;
    const struct resp_command *commands = resp_commands(&count);
    size_t i;

    (void)state;
    for (i = 0; i < count; i++) {
        const struct resp_command *row = &commands[i];
        bool has_keys = row->keys.first > 0;

        assert_true(row->run != NULL || row->work != NULL);
        assert_true(row->arity != 0);
        assert_true(row->work == NULL || has_keys);
        assert_true(!has_keys || row->keys.step > 0);
        if ((row->flags & RESP_ATTACKS) == 0) {
            assert_non_null(row->summary);
            assert_non_null(row->group);
            assert_non_null(row->since);
        }
        /* Only what has keys and works on a box writes; what reads a store
         * otherwise cannot be done under a lock. */
        assert_true((row->flags & RESP_WRITES) == 0 || row->work != NULL);
        if ((row->flags & RESP_READS) != 0 && row->work == NULL) {
            assert_true((row->flags & RESP_NO_MULTI) != 0);
        }
    }
}

static void
the_number_of_words_is_looked_at(void **state)
{
    static const struct {
        const char *name;
        size_t words;
        bool is_taken;
    } rows[] = {
        {"get", 2, true},  {"get", 1, false},  {"get", 3, false},
        {"set", 3, true},  {"set", 9, true},   {"set", 2, false},
        {"mset", 3, true}, {"mset", 4, false}, {"mset", 5, true},
        {"ping", 1, true}, {"del", 1, false},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct resp_command *command = resp_command_find(
            (struct resp_word){rows[i].name, strlen(rows[i].name)});

        assert_non_null(command);
        assert_int_equal(resp_command_takes(command, rows[i].words),
                         rows[i].is_taken);
    }
}

static void
what_is_no_command_is_quoted(void **state)
{
    struct resp_scene *scene = *state;
    char sent[700] = "what ";
    char said[400];
    char word[601];

    ASK(scene, "foo\r\n",
        "-ERR unknown command 'foo', with args beginning with: \r\n");
    ASK(scene, "foo a \"b c\"\r\n",
        "-ERR unknown command 'foo', with args beginning with: 'a' 'b c' "
        "\r\n");
    ASK(scene, "\"a\\r\\nb\" \"\\n\"\r\n",
        "-ERR unknown command 'a  b', with args beginning with: ' ' \r\n");
    memset(word, 'x', 600);
    word[600] = '\0';
    (void)snprintf(sent, sizeof sent, "what %s more\r\n", word);
    (void)snprintf(said, sizeof said,
                   "-ERR unknown command 'what', with args beginning with: "
                   "'%.128s' \r\n",
                   word);
    ASK(scene, sent, said);
    (void)snprintf(sent, sizeof sent, "%s\r\n", word);
    (void)snprintf(said, sizeof said,
                   "-ERR unknown command '%.128s', with args beginning with: "
                   "\r\n",
                   word);
    ASK(scene, sent, said);
    assert_int_equal(scene->statistics.bad_requests, 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_found_by_its_name),
        cmocka_unit_test(every_row_of_the_table_is_whole),
        cmocka_unit_test(the_number_of_words_is_looked_at),
        cmocka_unit_test_setup_teardown(what_is_no_command_is_quoted,
                                        resp_scene_set_up,
                                        resp_scene_tear_down),
    };

    return cmocka_run_group_tests_name("resp_commands", tests, NULL, NULL);
}
