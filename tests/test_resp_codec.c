#include "resp_codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "edge.h"
#include "fake_heap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LENGTH_MAX 200
#define SKIP_MAX 1000

/* What one command is: its words, separated by '|', or its fault. */
struct row {
    const char *bytes;
    int error;
    const char *words; /* or the text of the fault */
    size_t rest;       /* bytes that belong to the next command */
};

/* clang-format off */
static const struct row rows[] = {
    /* Arrays. */
    {"*1\r\n$4\r\nPING\r\n", 0, "PING|", 0},
    {"*2\r\n$3\r\nGET\r\n$1\r\n3\r\n", 0, "GET|3|", 0},
    {"*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$4\r\na\r\nb\r\n*1", 0, "SET|3|a\r\nb|", 2},
    {"*2\r\n$0\r\n\r\n$0\r\n\r\n", 0, "||", 0},
    {"*0\r\n*1", 0, "", 2},
    {"*-1\r\n", 0, "", 0},
    {"*-9223372036854775808\r\n", 0, "", 0},
    {"*4096\r\n", EAGAIN, "", 0},
    {"*4097\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*9223372036854775808\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*+1\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*01\r\n", EBADMSG, "invalid multibulk length", 0},
    {"* 1\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*1x\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*-\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*1\n", EBADMSG, "invalid multibulk length", 0},
    {"*\n", EBADMSG, "invalid multibulk length", 0},
    {"*12\n", EBADMSG, "invalid multibulk length", 0},
    {"*1\r\r\n", EBADMSG, "invalid multibulk length", 0},
    {"*1\r\nPING\r\n", EBADMSG, "expected '$', got 'P'", 0},
    {"*1\r\n\x01", EBADMSG, "expected '$', got '?'", 0},
    {"*1\r\n*1\r\n", EBADMSG, "expected '$', got '*'", 0},
    {"*1\r\n$-1\r\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$01\r\nx\r\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$+1\r\nx\r\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$\r\nx\r\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$1\nx\r\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$12\nx\r\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$9223372036854775808\r\n", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$4\r\nPINGxx", EBADMSG, "invalid bulk length", 0},
    {"*1\r\n$4\r\nPING\n\r", EBADMSG, "invalid bulk length", 0},

    /* Typed lines. */
    {"PING\r\n", 0, "PING|", 0},
    {"PING\nPING\n", 0, "PING|", 5},
    {"\r\n", 0, "", 0},
    {"\n", 0, "", 0},
    {"  \t \n", 0, "", 0},
    {"\vget\f3\n", 0, "get|3|", 0},
    {"  set 3   x  \r\n", 0, "set|3|x|", 0},
    {"set 3 \"a b\"\n", 0, "set|3|a b|", 0},
    {"set 3 \"a\\\"b\\\\ \\n\\r\\t\\b\\a\\x41\\xff\\q\"\n", 0,
     "set|3|a\"b\\ \n\r\t\b\aA\xffq|", 0},
    {"set 3 'a \\' \\n\"'\n", 0, "set|3|a ' \\n\"|", 0},
    {"set 3 \"\"\n", 0, "set|3||", 0},
    {"set 3 a\"b c\"\n", 0, "set|3|ab c|", 0},
    {"set 3 \"\\x4\"\n", 0, "set|3|x4|", 0},
    {"set 3 \"\\x4g \\xg4\"\n", 0, "set|3|x4g xg4|", 0},
    {"set 3 \"a\n", EBADMSG, "unbalanced quotes in request", 0},
    {"set 3 'a\n", EBADMSG, "unbalanced quotes in request", 0},
    {"set 3 \"a\"b\n", EBADMSG, "unbalanced quotes in request", 0},
    {"set 3 \"a\"b c\n", EBADMSG, "unbalanced quotes in request", 0},
    {"set 3 \"a\\\"\n", EBADMSG, "unbalanced quotes in request", 0},
};
/* clang-format on */

static void
check_row(const struct row *row, size_t piece)
{
    size_t length = strlen(row->bytes);
    char *bytes = malloc(length + 1);
    struct resp_parser parser;
    char words[512] = "";
    size_t have = 0;
    int error = EAGAIN;
    size_t i;

    assert_non_null(bytes);
    memcpy(bytes, row->bytes, length + 1);
    resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
    assert_true(resp_parser_is_fresh(&parser));
    while (error == EAGAIN && have < length) {
        have = have + piece < length ? have + piece : length;
        error = resp_parse(&parser, bytes, have);
        assert_true(parser.at <= have);
    }
    if (error != row->error) {
        print_error("%s: %d in pieces of %zu\n", row->bytes, error, piece);
    }
    assert_int_equal(error, row->error);
    if (error == 0) {
        for (i = 0; i < parser.count; i++) {
            const struct resp_argument *word = &parser.arguments[i];

            assert_true(word->offset + word->length <= parser.at);
            (void)snprintf(words + strlen(words), sizeof words - strlen(words),
                           "%.*s|", (int)word->length, bytes + word->offset);
        }
        assert_string_equal(words, row->words);
        if (piece >= length) {
            assert_int_equal(length - parser.at, row->rest);
        }
    } else if (error == EBADMSG) {
        assert_string_equal(parser.fault, row->words);
    }
    if (error == 0) {
        resp_parser_next(&parser);
        resp_parser_rest(&parser);
        assert_int_equal(parser.capacity, 0);
    }
    resp_parser_fini(&parser);
    free(bytes);
}

static void
every_command_is_read_in_pieces_of_any_size(void **state)
{
    size_t i;
    size_t piece;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        for (piece = 1; piece <= strlen(rows[i].bytes); piece++) {
            check_row(&rows[i], piece);
        }
    }
}

/* Each row cut short at every byte, where nothing can be read behind it. */
static void
nothing_is_read_but_what_has_arrived(void **state)
{
    size_t i;
    size_t length;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        for (length = 0; length <= strlen(rows[i].bytes); length++) {
            struct resp_parser parser;
            int error;

            resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
            error =
                resp_parse(&parser, edge_behind(rows[i].bytes, length), length);
            assert_true(error == EAGAIN || length > 0);
            assert_true(parser.at <= length);
            resp_parser_fini(&parser);
        }
    }
}

/* Cut anywhere, it is unfinished; never something else. */
static void
a_command_that_is_cut_short_wants_more(void **state)
{
    static const char *const commands[] = {
        "*3\r\n$3\r\nSET\r\n$1\r\n3\r\n$5\r\nhello\r\n",
        "set 3 \"hello world\"\r\n",
    };
    size_t i;
    size_t length;

    (void)state;
    for (i = 0; i < COUNT(commands); i++) {
        for (length = 0; length < strlen(commands[i]); length++) {
            struct resp_parser parser;
            char bytes[64];

            memcpy(bytes, commands[i], length);
            resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
            assert_int_equal(resp_parse(&parser, bytes, length), EAGAIN);
            resp_parser_fini(&parser);
        }
    }
}

static void
lines_are_bounded(void **state)
{
    static const struct {
        char first;
        const char *fault;
    } kinds[] = {{'x', "too big inline request"},
                 {'*', "too big mbulk count string"},
                 {'$', "too big bulk count string"}};
    static char bytes[RESP_LINE_MAX + 16];
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(kinds); i++) {
        struct resp_parser parser;
        size_t begin = 0;

        memset(bytes, '1', sizeof bytes);
        if (kinds[i].first == '$') {
            memcpy(bytes, "*1\r\n", 4);
            begin = 4;
        }
        bytes[begin] = kinds[i].first;
        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(resp_parse(&parser, bytes, begin + RESP_LINE_MAX + 1),
                         EAGAIN);
        assert_int_equal(resp_parse(&parser, bytes, begin + RESP_LINE_MAX + 2),
                         EBADMSG);
        assert_string_equal(parser.fault, kinds[i].fault);
        resp_parser_fini(&parser);
    }
    memset(bytes, 'x', sizeof bytes);
    bytes[RESP_LINE_MAX + 2] = '\n';
    {
        struct resp_parser parser;

        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(resp_parse(&parser, bytes, sizeof bytes), EBADMSG);
        assert_string_equal(parser.fault, "too big inline request");
        resp_parser_fini(&parser);
    }
    bytes[RESP_LINE_MAX] = '\r';
    bytes[RESP_LINE_MAX + 1] = '\n';
    {
        struct resp_parser parser;

        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(resp_parse(&parser, bytes, sizeof bytes), 0);
        assert_int_equal(parser.count, 1);
        assert_int_equal(parser.arguments[0].length, RESP_LINE_MAX);
        resp_parser_fini(&parser);
    }
}

static void
a_zero_byte_parts_words_as_a_blank_does(void **state)
{
    char bytes[] = "get\0\0x\n";
    struct resp_parser parser;

    (void)state;
    resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
    assert_int_equal(resp_parse(&parser, bytes, sizeof bytes - 1), 0);
    assert_int_equal(parser.count, 2);
    assert_int_equal(parser.arguments[0].length, 3);
    assert_int_equal(parser.arguments[1].length, 1);
    resp_parser_fini(&parser);
}

static void
a_typed_line_has_no_more_words_than_an_array(void **state)
{
    static char bytes[2 * RESP_ARGUMENTS_MAX + 4];
    struct resp_parser parser;
    size_t i;

    (void)state;
    for (i = 0; i < RESP_ARGUMENTS_MAX; i++) {
        memcpy(bytes + 2 * i, "x ", 2);
    }
    bytes[2 * i] = '\n';
    resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
    assert_int_equal(resp_parse(&parser, bytes, 2 * i + 1), 0);
    assert_int_equal(parser.count, RESP_ARGUMENTS_MAX);
    assert_true(parser.capacity <= 2 * parser.count);
    resp_parser_next(&parser);
    memcpy(bytes + 2 * i, "x\n", 2);
    assert_int_equal(resp_parse(&parser, bytes, 2 * i + 2), EBADMSG);
    assert_string_equal(parser.fault, "too big inline request");
    resp_parser_fini(&parser);
}

/* Feed a command that is too long in pieces; what is used up is dropped. */
static int
skip_all(struct resp_parser *parser, const char *bytes, size_t length,
         size_t piece, size_t *left)
{
    char held[256];
    size_t have = 0;
    int error = EAGAIN;

    while (error == EAGAIN && length > 0) {
        size_t more = piece < length ? piece : length;

        assert_true(have + more <= sizeof held);
        memcpy(held + have, bytes, more);
        have += more;
        bytes += more;
        length -= more;
        if (!parser->is_skipping) {
            error = resp_parse(parser, held, have);
            if (error != EFBIG) {
                continue;
            }
        }
        error = resp_skip(parser, held, have);
        memmove(held, held + parser->at, have - parser->at);
        have -= parser->at;
        resp_parser_drop(parser);
    }
    *left = length + have;
    return error;
}

static void
a_command_that_is_too_long_is_skipped_to_its_end(void **state)
{
    char bytes[1024];
    char data[401];
    size_t piece;
    size_t length;
    size_t left;

    (void)state;
    memset(data, 'x', sizeof data);
    data[400] = '\0';
    length = (size_t)snprintf(bytes, sizeof bytes,
                              "*4\r\n$3\r\nSET\r\n$1\r\n3\r\n$400\r\n%s\r\n"
                              "$2\r\nNX\r\n*1",
                              data);
    for (piece = 1; piece <= 200; piece++) {
        struct resp_parser parser;

        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(skip_all(&parser, bytes, length, piece, &left), 0);
        assert_true(left >= 2);
        assert_true(left <= 2 || piece > 1);
        resp_parser_next(&parser);
        assert_true(resp_parser_is_fresh(&parser));
        resp_parser_fini(&parser);
    }
}

static void
what_is_skipped_is_bounded_and_looked_at(void **state)
{
    static const struct {
        const char *bytes;
        int error;
    } kinds[] = {
        {"*1\r\n$1001\r\nx", EMSGSIZE},
        {"*1\r\n$9223372036854775807\r\nx", EMSGSIZE},
        {"*2\r\n$300\r\n", EAGAIN},
    };
    char bytes[1024] = "*2\r\n$300\r\n";
    size_t begin = strlen(bytes);
    size_t left;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(kinds); i++) {
        struct resp_parser parser;

        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(skip_all(&parser, kinds[i].bytes,
                                  strlen(kinds[i].bytes), 100, &left),
                         kinds[i].error);
        resp_parser_fini(&parser);
    }
    memset(bytes + begin, 'x', 302);
    for (i = 0; i < 2; i++) { /* a bulk that does not end; then two in all */
        struct resp_parser parser;

        memcpy(bytes + begin + 300, i == 0 ? "\rx" : "\r\n", 2);
        memcpy(bytes + begin + 302, "$700\r\n", 6);
        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(skip_all(&parser, bytes, begin + 308, 100, &left),
                         i == 0 ? EBADMSG : EMSGSIZE);
        resp_parser_fini(&parser);
    }
}

/* Parse an array whose last bulk has so many bytes; its length, its outcome. */
static size_t
parse_bulk(size_t bulk_bytes, int *error)
{
    char bytes[LENGTH_MAX + 64];
    char data[LENGTH_MAX + 1];
    struct resp_parser parser;
    int length;

    memset(data, 'x', bulk_bytes);
    data[bulk_bytes] = '\0';
    length = snprintf(bytes, sizeof bytes, "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n",
                      bulk_bytes, data);
    assert_true(length > 0 && (size_t)length < sizeof bytes);
    resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
    *error = resp_parse(&parser, bytes, (size_t)length);
    resp_parser_fini(&parser);
    return (size_t)length;
}

static void
a_command_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    size_t bulk;
    size_t allowed = 0;

    (void)state;
    for (bulk = 100; bulk <= LENGTH_MAX; bulk++) {
        int error;
        size_t length = parse_bulk(bulk, &error);

        assert_int_equal(error, length <= LENGTH_MAX ? 0 : EFBIG);
        allowed += error == 0;
    }
    assert_true(allowed > 0 && allowed < LENGTH_MAX - 100);
}

/* The bulks of a command that is skipped: all that may be, and a byte more. */
static void
as_much_is_skipped_as_the_limit_says_and_no_more(void **state)
{
    static const struct {
        const char *bytes;
        int error;
    } kinds[] = {
        {"*1\r\n$998\r\nx", EAGAIN},
        {"*1\r\n$999\r\nx", EMSGSIZE},
    };
    size_t more;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(kinds); i++) {
        struct resp_parser parser;
        size_t left;

        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(skip_all(&parser, kinds[i].bytes,
                                  strlen(kinds[i].bytes), 100, &left),
                         kinds[i].error);
        resp_parser_fini(&parser);
    }
    for (more = 698; more <= 699; more++) { /* behind 300 */
        char bytes[1024];
        char data[301];
        struct resp_parser parser;
        size_t left;
        int length;

        memset(data, 'x', sizeof data - 1);
        data[sizeof data - 1] = '\0';
        length = snprintf(bytes, sizeof bytes,
                          "*2\r\n$298\r\n%.298s\r\n$%zu\r\nx", data, more);
        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(skip_all(&parser, bytes, (size_t)length, 100, &left),
                         more == 698 ? EAGAIN : EMSGSIZE);
        assert_false(resp_parser_is_fresh(&parser));
        resp_parser_fini(&parser);
    }
}

static void
a_command_that_has_begun_is_not_fresh(void **state)
{
    static const char *const parts[] = {"G", "GET", "*", "*2\r\n",
                                        "*2\r\n$3\r\nGET\r\n"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(parts); i++) {
        struct resp_parser parser;
        char bytes[32];

        strcpy(bytes, parts[i]);
        resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
        assert_int_equal(resp_parse(&parser, bytes, strlen(bytes)), EAGAIN);
        assert_false(resp_parser_is_fresh(&parser));
        resp_parser_fini(&parser);
    }
}

static void
the_memory_for_arguments_is_given_back(void **state)
{
    static const char command[] = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n";
    const long before = fake_heap_blocks();
    struct resp_parser parser;
    char bytes[sizeof command];
    int round;

    (void)state;
    resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
    for (round = 0; round < 2; round++) {
        memcpy(bytes, command, sizeof command);
        assert_int_equal(resp_parse(&parser, bytes, strlen(bytes)), 0);
        assert_int_equal(parser.count, 17);
        assert_int_equal(fake_heap_blocks(), before + 1);
        resp_parser_rest(&parser);
        assert_int_equal(fake_heap_blocks(), before + 1);
        resp_parser_next(&parser);
        resp_parser_rest(&parser);
        assert_int_equal(fake_heap_blocks(), before);
    }
    memcpy(bytes, command, sizeof command);
    assert_int_equal(resp_parse(&parser, bytes, strlen(bytes)), 0);
    resp_parser_fini(&parser);
    assert_int_equal(fake_heap_blocks(), before);
}

static void
nothing_is_allocated_for_what_is_announced(void **state)
{
    char bytes[] = "*4096\r\n$3\r\nGET\r\n";
    struct resp_parser parser;

    (void)state;
    resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
    assert_int_equal(resp_parse(&parser, bytes, strlen(bytes)), EAGAIN);
    assert_true(parser.capacity <= 16);
    resp_parser_fini(&parser);
}

static void
numbers_are_strict(void **state)
{
    static const struct {
        const char *text;
        int error;
        int64_t number;
    } numbers[] = {
        {"0", 0, 0},
        {"7", 0, 7},
        {"-7", 0, -7},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", EINVAL, 0},
        {"-9223372036854775809", EINVAL, 0},
        {"99999999999999999999", EINVAL, 0},
        {"", EINVAL, 0},
        {"-", EINVAL, 0},
        {"-0", EINVAL, 0},
        {"+1", EINVAL, 0},
        {"01", EINVAL, 0},
        {"-01", EINVAL, 0},
        {" 1", EINVAL, 0},
        {"1 ", EINVAL, 0},
        {"1.0", EINVAL, 0},
        {"1:", EINVAL, 0},
        {"1/", EINVAL, 0},
        {"0x1", EINVAL, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(numbers); i++) {
        int64_t number = 0;

        size_t length = strlen(numbers[i].text);

        assert_int_equal(
            resp_integer(edge_behind(numbers[i].text, length), length, &number),
            numbers[i].error);
        assert_true(number == numbers[i].number);
    }
}

static void
a_key_ends_in_the_number_of_its_mailbox(void **state)
{
    static const struct {
        const char *key;
        int error;
        uint64_t mailbox;
    } keys[] = {
        {"3", 0, 3},
        {"0", 0, 0},
        {"mailbox:3", 0, 3},
        {"key:000000000007", 0, 7},
        {"a:b:12", 0, 12},
        {":5", 0, 5},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", EINVAL, 0},
        {"", EINVAL, 0},
        {"key:", EINVAL, 0},
        {"key", EINVAL, 0},
        {"3:x", EINVAL, 0},
        {"key:-1", EINVAL, 0},
        {"key: 1", EINVAL, 0},
        {"key:1 ", EINVAL, 0},
        {"key:__rand_int__", EINVAL, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(keys); i++) {
        uint64_t mailbox = 0;
        size_t length = strlen(keys[i].key);
        int error = resp_mailbox_of_key(edge_behind(keys[i].key, length),
                                        length, &mailbox);

        assert_int_equal(error, keys[i].error);
        if (error == 0) {
            assert_true(mailbox == keys[i].mailbox);
        }
    }
}

static void
words_are_the_same_in_either_case(void **state)
{
    (void)state;
    assert_true(resp_is_word("GeT", 3, "get"));
    assert_false(resp_is_word("ge", 2, "get"));
    assert_false(resp_is_word("gets", 4, "get"));
    assert_false(resp_is_word("gat", 3, "get"));
    assert_false(resp_is_word("set", 3, "get"));
    assert_false(resp_is_word("get\0", 4, "get"));
}

static void
without_memory_for_its_arguments_no_command_is_read(void **state)
{
    char bytes[] = "*1\r\n$4\r\nPING\r\n";
    struct resp_parser parser;

    (void)state;
    resp_parser_init(&parser, LENGTH_MAX, SKIP_MAX);
    fake_heap_set(0);
    assert_int_equal(resp_parse(&parser, bytes, strlen(bytes)), ENOMEM);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    resp_parser_fini(&parser);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_read_in_pieces_of_any_size),
        cmocka_unit_test(nothing_is_read_but_what_has_arrived),
        cmocka_unit_test(a_command_that_is_cut_short_wants_more),
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test(a_zero_byte_parts_words_as_a_blank_does),
        cmocka_unit_test(a_typed_line_has_no_more_words_than_an_array),
        cmocka_unit_test(a_command_that_is_too_long_is_skipped_to_its_end),
        cmocka_unit_test(what_is_skipped_is_bounded_and_looked_at),
        cmocka_unit_test(a_command_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(as_much_is_skipped_as_the_limit_says_and_no_more),
        cmocka_unit_test(a_command_that_has_begun_is_not_fresh),
        cmocka_unit_test(the_memory_for_arguments_is_given_back),
        cmocka_unit_test(nothing_is_allocated_for_what_is_announced),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(a_key_ends_in_the_number_of_its_mailbox),
        cmocka_unit_test(words_are_the_same_in_either_case),
        cmocka_unit_test(without_memory_for_its_arguments_no_command_is_read),
    };

    return cmocka_run_group_tests_name("resp_codec", tests, NULL, NULL);
}
