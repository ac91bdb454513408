#include "resp_table.h"

#include <string.h>

#include "cmocka_all.h"

/* Found by halving, so their order matters. */
static void
every_command_is_found_by_its_name(void **state)
{
    size_t count = 0;
    const struct resp_command *commands = resp_table(&count);
    size_t i;

    (void)state;
    assert_true(count > 30);
    for (i = 0; i < count; i++) {
        const char *name = commands[i].name;

        assert_ptr_equal(
            resp_table_find((struct resp_word){name, strlen(name)}),
            &commands[i]);
        if (i > 0) {
            assert_true(strcmp(commands[i - 1].name, name) < 0);
        }
    }
    assert_ptr_equal(resp_table_find((struct resp_word){"GeT", 3}),
                     resp_table_find((struct resp_word){"get", 3}));
    assert_null(resp_table_find((struct resp_word){"get\0x", 5}));
    assert_null(resp_table_find((struct resp_word){"", 0}));
    assert_null(resp_table_find(
        (struct resp_word){"a-name-that-is-longer-than-any-name", 35}));
}

/* What each row of the table promises to whoever runs it. */
static void
every_row_of_the_table_is_whole(void **state)
{
    size_t count = 0;
    const struct resp_command *commands = resp_table(&count);
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
        const struct resp_command *command = resp_table_find(
            (struct resp_word){rows[i].name, strlen(rows[i].name)});

        assert_non_null(command);
        assert_int_equal(resp_table_takes(command, rows[i].words),
                         rows[i].is_taken);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_found_by_its_name),
        cmocka_unit_test(every_row_of_the_table_is_whole),
        cmocka_unit_test(the_number_of_words_is_looked_at),
    };

    return cmocka_run_group_tests_name("resp_table", tests, NULL, NULL);
}
