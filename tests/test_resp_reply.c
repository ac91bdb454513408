#include "resp_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_heap.h"

/* An output of 200 bytes, and what writes to it. */
struct desk {
    struct buffer output;
    struct resp_reply reply;
};

static int
set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);

    assert_non_null(desk);
    buffer_init(&desk->output, 16, 200);
    resp_reply_init(&desk->reply, &desk->output);
    *state = desk;
    return 0;
}

static int
tear_down(void **state)
{
    struct desk *desk = *state;

    buffer_check(&desk->output);
    buffer_fini(&desk->output);
    free(desk);
    return 0;
}

static void
assert_said(struct desk *desk, const char *text)
{
    assert_int_equal(desk->reply.error, 0);
    assert_int_equal(buffer_length(&desk->output), strlen(text));
    assert_memory_equal(buffer_head(&desk->output), text, strlen(text));
    buffer_consume(&desk->output, strlen(text));
    resp_reply_mark(&desk->reply);
}

static void
every_answer_has_the_form_of_its_version(void **state)
{
    struct desk *desk = *state;
    struct resp_reply *reply = &desk->reply;
    static const char *const forms[][2] = {
        {"$-1\r\n", "_\r\n"},
        {"*-1\r\n", "_\r\n"},
        {"*4\r\n", "%2\r\n"},
        {"*2\r\n", "~2\r\n"},
        {"*2\r\n", "*2\r\n"},
        {"$5\r\nhello\r\n", "=9\r\ntxt:hello\r\n"},
        {"+OK\r\n", "+OK\r\n"},
        {":18446744073709551615\r\n", ":18446744073709551615\r\n"},
        {":-3\r\n", ":-3\r\n"},
        {"$3\r\na\0b\r\n", "$3\r\na\0b\r\n"},
        {"$0\r\n\r\n", "$0\r\n\r\n"},
    };

    for (int version = 2; version <= 3; version++) {
        int i = 0;

        reply->version = version;
        resp_reply_null(reply);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_null_array(reply);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_map(reply, 2);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_set(reply, 2);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_array(reply, 2);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_verbatim(reply, "hello", 5);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_status(reply, "OK");
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_integer(reply, UINT64_MAX);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_signed(reply, -3);
        assert_said(desk, forms[i++][version - 2]);
        resp_reply_bulk(reply, "a\0b", 3);
        assert_memory_equal(buffer_head(&desk->output), forms[i++][version - 2],
                            9);
        buffer_cut(&desk->output, 0);
        resp_reply_text(reply, "");
        assert_said(desk, forms[i++][version - 2]);
    }
}

static void
an_error_is_one_line(void **state)
{
    struct desk *desk = *state;

    resp_reply_error(&desk->reply, "ERR %s is %d", "a\r\nb", 7);
    assert_said(desk, "-ERR a  b is 7\r\n");
}

static void
an_answer_that_finds_no_room_is_taken_back(void **state)
{
    struct desk *desk = *state;
    char large[180];

    memset(large, 'x', sizeof large);
    resp_reply_status(&desk->reply, "OK");
    resp_reply_mark(&desk->reply);
    resp_reply_array(&desk->reply, 2);
    resp_reply_bulk(&desk->reply, large, sizeof large);
    assert_int_equal(desk->reply.error, ENOBUFS);
    resp_reply_bulk(&desk->reply, "small", 5);
    assert_int_equal(desk->reply.error, ENOBUFS);
    resp_reply_take_back(&desk->reply);
    assert_said(desk, "+OK\r\n");
    fake_heap_set(0);
    resp_reply_bulk(&desk->reply, large, 100);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(desk->reply.error, ENOMEM);
    resp_reply_take_back(&desk->reply);
    assert_said(desk, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_answer_has_the_form_of_its_version),
        TEST(an_error_is_one_line),
        TEST(an_answer_that_finds_no_room_is_taken_back),
    };

    return cmocka_run_group_tests_name("resp_reply", tests, NULL, NULL);
}
