/* Strings and bytes as JSON. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "ctl_json.h"

static void
data_becomes_a_string_or_base64(void **state)
{
    static const struct {
        const char *data;
        size_t length;
        const char *json;
    } rows[] = {
        {"", 0, "\"data\": \"\""},
        {"hello", 5, "\"data\": \"hello\""},
        {"\"\\/", 3, "\"data\": \"\\\"\\\\/\""},
        {"\n\r\t\x01\x7f", 5, "\"data\": \"\\n\\r\\t\\u0001\\u007f\""},
        {"a\0b", 3, "\"data\": \"a\\u0000b\""},
        {"\xc3\xa9", 2, "\"data\": \"\xc3\xa9\""},
        {"\xff", 1, "\"base64\": \"/w==\""},
        {"\xff\x00", 2, "\"base64\": \"/wA=\""},
        {"\xff\x00\x10", 3, "\"base64\": \"/wAQ\""},
        {"\xff\x00\x10\x83", 4, "\"base64\": \"/wAQgw==\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&text, &length);
        assert_non_null(stream);
        ctl_json_data(stream, rows[i].data, rows[i].length);
        assert_int_equal(fclose(stream), 0);
        assert_string_equal(text, rows[i].json);
        free(text);
    }
}

static void
utf8_is_told_from_bytes(void **state)
{
    static const struct {
        const char *text;
        bool is_utf8;
    } rows[] = {
        {"\xc2\x80", true},
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"a\xc3\xa9z", true},
        {"\x80", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xc3", false},
        {"\xc3z", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xe2\x82", false},
        {"\xe2\x82z", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xf0\x90\x80", false},
        {"a\xff", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(ctl_json_is_utf8(rows[i].text, strlen(rows[i].text)),
                         rows[i].is_utf8);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_becomes_a_string_or_base64),
        cmocka_unit_test(utf8_is_told_from_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
