#include "protocol.h"

#include <string.h>

#include "cmocka_all.h"

static void
the_first_word_tells_the_protocol(void **state)
{
    static const struct {
        const char *bytes;
        enum protocol protocol;
    } rows[] = {
        {"", PROTOCOL_UNKNOWN},         {"r", PROTOCOL_UNKNOWN},
        {"P", PROTOCOL_UNKNOWN},        {" \r\n\n ", PROTOCOL_UNKNOWN},
        {"r 3\n", PROTOCOL_DIPC},       {"q\n", PROTOCOL_DIPC},
        {"s\r", PROTOCOL_DIPC},         {"w\t", PROTOCOL_DIPC},
        {"7 ", PROTOCOL_DIPC},          {"\r\n  r 3", PROTOCOL_DIPC},
        {"*", PROTOCOL_RESP},           {"*1\r\n", PROTOCOL_RESP},
        {"PI", PROTOCOL_RESP},          {"ping\r\n", PROTOCOL_RESP},
        {"\n *", PROTOCOL_RESP},        {"  GET 3", PROTOCOL_RESP},
        {"\x16\x03", PROTOCOL_RESP},    {"r3\n", PROTOCOL_RESP},
        {"POST / HTTP", PROTOCOL_RESP},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(protocol_of(rows[i].bytes, strlen(rows[i].bytes)),
                         rows[i].protocol);
    }
}

static void
a_refusal_is_a_whole_answer_of_its_protocol(void **state)
{
    const char *own = protocol_refusal(PROTOCOL_DIPC);

    (void)state;
    assert_int_equal(strncmp(own, "err busy: ", 10), 0);
    assert_ptr_equal(strchr(own, '\n'), own + strlen(own) - 1);
    assert_string_equal(protocol_refusal(PROTOCOL_UNKNOWN), own);
    assert_string_equal(protocol_refusal(PROTOCOL_RESP),
                        "-ERR max number of clients reached\r\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_word_tells_the_protocol),
        cmocka_unit_test(a_refusal_is_a_whole_answer_of_its_protocol),
    };

    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
