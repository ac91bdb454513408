#include "resp_commands.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "resp_scene.h"

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
        cmocka_unit_test_setup_teardown(what_is_no_command_is_quoted,
                                        resp_scene_set_up,
                                        resp_scene_tear_down),
    };

    return cmocka_run_group_tests_name("resp_commands", tests, NULL, NULL);
}
