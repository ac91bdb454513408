#include "codec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "edge.h"

#define LARGEST "9223372036854775807"
#define TOO_MUCH "9223372036854775808"
#define LARGEST_NUMBER (CODEC_NUMBER_END - 1)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HERE(bytes) (bytes), sizeof(bytes) - 1

/* A line, and the request that it is; what is not named is as not given. */
struct good_row {
    const char *line;
    struct codec_request request;
};

#define READ(mailbox_, given_, ...)                            \
    {                                                          \
        .verb = CODEC_READ, .given = CODEC_MAILBOX | (given_), \
        .mailbox = (mailbox_), .max_bytes = LARGEST_NUMBER,    \
        .if_version = STORE_ANY_VERSION, __VA_ARGS__           \
    }
#define WRITE(mailbox_, given_, ...)                            \
    {                                                           \
        .verb = CODEC_WRITE, .given = CODEC_MAILBOX | (given_), \
        .mailbox = (mailbox_), .max_bytes = LARGEST_NUMBER,     \
        .if_version = STORE_ANY_VERSION, __VA_ARGS__            \
    }
#define OTHER(verb_, given_, ...)                                        \
    {                                                                    \
        .verb = (verb_), .given = (given_), .max_bytes = LARGEST_NUMBER, \
        .if_version = STORE_ANY_VERSION, __VA_ARGS__                     \
    }

/* clang-format off */
static const struct good_row good_rows[] = {
    {"r 3", READ(3, 0, .mode = STORE_REPLACE)},
    {"r 0003", READ(3, 0, .mode = STORE_REPLACE)},
    {"  r   3  ", READ(3, 0, .mode = STORE_REPLACE)},
    {"r " LARGEST, READ(LARGEST_NUMBER, 0, .mode = STORE_REPLACE)},
    {"r 000000000000000000000000000000000000000000000000000000000000007",
     READ(7, 0, .mode = STORE_REPLACE)},
    {"r 3 at=5", READ(3, CODEC_AT, .mode = STORE_OVERWRITE,
                      .offset_bytes = 5)},
    {"r 3 at=" LARGEST, READ(3, CODEC_AT, .mode = STORE_OVERWRITE,
                             .offset_bytes = LARGEST_NUMBER)},
    {"r 3 max=0", {.verb = CODEC_READ, .given = CODEC_MAILBOX | CODEC_MAX,
                   .mailbox = 3, .if_version = STORE_ANY_VERSION}},
    {"r 3 if=0", {.verb = CODEC_READ, .given = CODEC_MAILBOX | CODEC_IF,
                  .mailbox = 3, .max_bytes = LARGEST_NUMBER}},
    {"r 3 after=9", READ(3, CODEC_AFTER, .after_version = 9)},
    {"r 3 after=9 wait=250",
     READ(3, CODEC_AFTER | CODEC_WAIT, .after_version = 9, .wait_ms = 250)},
    {"r 3 wait=0 after=0", READ(3, CODEC_AFTER | CODEC_WAIT, .wait_ms = 0)},
    {"r 3 wait=1 if=2 max=3 at=4 after=5",
     {.verb = CODEC_READ,
      .given = CODEC_MAILBOX | CODEC_WAIT | CODEC_IF | CODEC_MAX | CODEC_AT |
               CODEC_AFTER,
      .mode = STORE_OVERWRITE, .mailbox = 3, .wait_ms = 1, .if_version = 2,
      .max_bytes = 3, .offset_bytes = 4, .after_version = 5}},
    {"w 3", WRITE(3, 0, .mode = STORE_REPLACE)},
    {"w 3 ", WRITE(3, 0, .mode = STORE_REPLACE)},
    {"w 3 5", WRITE(3, CODEC_LENGTH, .length_bytes = 5)},
    {"w 3 0", WRITE(3, CODEC_LENGTH, .length_bytes = 0)},
    {"w 3 " LARGEST, WRITE(3, CODEC_LENGTH, .length_bytes = LARGEST_NUMBER)},
    {"w 3 5 at=0", WRITE(3, CODEC_LENGTH | CODEC_AT, .mode = STORE_OVERWRITE,
                         .length_bytes = 5)},
    {"w 3 5 at=07", WRITE(3, CODEC_LENGTH | CODEC_AT, .mode = STORE_OVERWRITE,
                          .length_bytes = 5, .offset_bytes = 7)},
    {"w 3 5 at=end", WRITE(3, CODEC_LENGTH | CODEC_AT, .mode = STORE_APPEND,
                           .length_bytes = 5)},
    {"w  3  5  if=8  at=end ",
     {.verb = CODEC_WRITE,
      .given = CODEC_MAILBOX | CODEC_LENGTH | CODEC_AT | CODEC_IF,
      .mode = STORE_APPEND, .mailbox = 3, .length_bytes = 5,
      .max_bytes = LARGEST_NUMBER, .if_version = 8}},
    {"s", OTHER(CODEC_STATISTICS, 0, .mailbox = 0)},
    {"s 2", OTHER(CODEC_STATISTICS, CODEC_MAILBOX, .mailbox = 2)},
    {"q", OTHER(CODEC_QUIT, 0, .mailbox = 0)},
    {"q 99", OTHER(CODEC_QUIT, CODEC_MAILBOX, .mailbox = 99)},
};

/* A line that is no request, where it leaves the stream, and its text. */
static const struct bad_row {
    const char *line;
    size_t line_bytes;
    enum codec_fate fate;
    uint64_t dropped_bytes;
    const char *text;
} bad_rows[] = {
#define OPEN CODEC_LINE_ENDED, 0
#define DROP(bytes) CODEC_DATA_FOLLOWS, bytes
#define CLOSE CODEC_OUT_OF_STEP, 0
#define R_USAGE "r <mailbox> [at=<offset>] [max=<bytes>] [if=<version>] " \
                "[after=<version> [wait=<ms>]]"
#define W_USAGE "w <mailbox> <length> [at=<offset>|at=end] [if=<version>]"
#define RANGE "is not a number from 0 to 9223372036854775807"
    {HERE("x"), OPEN, "unknown verb \"x\": r, w, s and q are known"},
    {HERE("R 3"), OPEN, "unknown verb \"R\": r, w, s and q are known"},
    {HERE("W 3"), OPEN, "unknown verb \"W\": r, w, s and q are known"},
    {HERE("w\t3"), OPEN, "unknown verb \"w?3\": r, w, s and q are known"},
    {HERE("r3"), OPEN, "unknown verb \"r3\": r, w, s and q are known"},
    {HERE("\t"), OPEN, "unknown verb \"?\": r, w, s and q are known"},
    {HERE("\r"), OPEN, "unknown verb \"?\": r, w, s and q are known"},
    {HERE("\0\033[2J\377"), OPEN,
     "unknown verb \"??[2J?\": r, w, s and q are known"},
    {HERE("3 r"), OPEN, "unknown verb \"3\": r, w, s and q are known"},
    {HERE("GET / HTTP/1.1"), OPEN,
     "unknown verb \"GET\": r, w, s and q are known"},
    {HERE("abcdefghijklmnopqrstuvwx"), OPEN,
     "unknown verb \"abcdefghijklmnopqrstuvwx\": r, w, s and q are known"},
    {HERE("abcdefghijklmnopqrstuvwxyz"), OPEN,
     "unknown verb \"abcdefghijklmnopqrstuvwx...\": r, w, s and q are known"},
    {HERE("r"), OPEN, "r wants a mailbox: " R_USAGE},
    {HERE("r x"), OPEN, "mailbox \"x\" " RANGE},
    {HERE("r ~!\177"), OPEN, "mailbox \"~!?\" " RANGE},
    {HERE("r -1"), OPEN, "mailbox \"-1\" " RANGE},
    {HERE("r +1"), OPEN, "mailbox \"+1\" " RANGE},
    {HERE("r 0x1"), OPEN, "mailbox \"0x1\" " RANGE},
    {HERE("r 1.0"), OPEN, "mailbox \"1.0\" " RANGE},
    {HERE("r 1:"), OPEN, "mailbox \"1:\" " RANGE},
    {HERE("r 1/"), OPEN, "mailbox \"1/\" " RANGE},
    {HERE("r 3\r"), OPEN, "mailbox \"3?\" " RANGE},
    {HERE("r 3\t"), OPEN, "mailbox \"3?\" " RANGE},
    {HERE("r 3\0"), OPEN, "mailbox \"3?\" " RANGE},
    {HERE("r " TOO_MUCH), OPEN, "mailbox \"" TOO_MUCH "\" " RANGE},
    {HERE("r 18446744073709551616"), OPEN,
     "mailbox \"18446744073709551616\" " RANGE},
    {HERE("r 99999999999999999999999999"), OPEN,
     "mailbox \"999999999999999999999999...\" " RANGE},
    {HERE("r at=3"), OPEN, "mailbox \"at=3\" " RANGE},
    {HERE("r 3 5"), OPEN, "\"5\" is no option (key=value); usage: " R_USAGE},
    {HERE("r 3 at"), OPEN, "\"at\" is no option (key=value); usage: " R_USAGE},
    {HERE("r 3 at="), OPEN, "at=\"\" " RANGE},
    {HERE("r 3 at=end"), OPEN, "at=\"end\" " RANGE},
    {HERE("r 3 at=5=5"), OPEN, "at=\"5=5\" " RANGE},
    {HERE("r 3 at= 5"), OPEN, "at=\"\" " RANGE},
    {HERE("r 3 at =5"), OPEN, "\"at\" is no option (key=value); usage: " R_USAGE},
    {HERE("r 3 =5"), OPEN,
     "option \"\" is not one of r's: at, max, if, after and wait"},
    {HERE("r 3 AT=5"), OPEN,
     "option \"AT\" is not one of r's: at, max, if, after and wait"},
    {HERE("r 3 foo=5"), OPEN,
     "option \"foo\" is not one of r's: at, max, if, after and wait"},
    {HERE("r 3 att=5"), OPEN,
     "option \"att\" is not one of r's: at, max, if, after and wait"},
    {HERE("r 3 a=5"), OPEN,
     "option \"a\" is not one of r's: at, max, if, after and wait"},
    {HERE("r 3 at=5 at=5"), OPEN, "option at is given twice"},
    {HERE("r 3 at=x at=5"), OPEN, "at=\"x\" " RANGE},
    {HERE("r 3 max=" TOO_MUCH), OPEN, "max=\"" TOO_MUCH "\" " RANGE},
    {HERE("r 3 if="), OPEN, "if=\"\" " RANGE},
    {HERE("r 3 if=-1"), OPEN, "if=\"-1\" " RANGE},
    {HERE("r 3 wait=5"), OPEN, "wait=<ms> wants after=<version> beside it"},
    {HERE("r 3 wait=5 after=x"), OPEN, "after=\"x\" " RANGE},
    {HERE("s x"), OPEN, "mailbox \"x\" " RANGE},
    {HERE("s at=3"), OPEN, "mailbox \"at=3\" " RANGE},
    {HERE("s 3 at=3"), OPEN, "s takes no option \"at\": s [<mailbox>]"},
    {HERE("s 3 4"), OPEN, "\"4\" is no option (key=value); usage: s [<mailbox>]"},
    {HERE("q x"), OPEN, "mailbox \"x\" " RANGE},
    {HERE("q 3 4"), OPEN, "\"4\" is no option (key=value); usage: q [<mailbox>]"},
    {HERE("q 3 if=4"), OPEN, "q takes no option \"if\": q [<mailbox>]"},
    {HERE("w"), CLOSE, "w wants a mailbox: " W_USAGE},
    {HERE("w x"), CLOSE, "mailbox \"x\" " RANGE},
    {HERE("w x 5"), CLOSE, "mailbox \"x\" " RANGE},
    {HERE("w " TOO_MUCH " 5"), CLOSE, "mailbox \"" TOO_MUCH "\" " RANGE},
    {HERE("w 3 x"), CLOSE, "length \"x\" " RANGE},
    {HERE("w 3 -5"), CLOSE, "length \"-5\" " RANGE},
    {HERE("w 3 5\r"), CLOSE, "length \"5?\" " RANGE},
    {HERE("w 3\t5"), CLOSE, "mailbox \"3?5\" " RANGE},
    {HERE("w 3 " TOO_MUCH), CLOSE, "length \"" TOO_MUCH "\" " RANGE},
    {HERE("w 3 at=end"), CLOSE,
     "a write with options wants its length first: " W_USAGE},
    {HERE("w 3 foo=5"), CLOSE,
     "a write with options wants its length first: " W_USAGE},
    {HERE("w 3 if=5 5"), CLOSE,
     "a write with options wants its length first: " W_USAGE},
    {HERE("w 3 5 6"), DROP(5),
     "\"6\" is no option (key=value); usage: " W_USAGE},
    {HERE("w 3 5 foo=6"), DROP(5),
     "option \"foo\" is not one of w's: at and if"},
    {HERE("w 3 5 max=6"), DROP(5),
     "option \"max\" is not one of w's: at and if"},
    {HERE("w 3 5 after=6"), DROP(5),
     "option \"after\" is not one of w's: at and if"},
    {HERE("w 3 5 at=END"), DROP(5), "at=\"END\" " RANGE ", nor end"},
    {HERE("w 3 5 at=end at=end"), DROP(5), "option at is given twice"},
    {HERE("w 3 5 if=end"), DROP(5), "if=\"end\" " RANGE},
    {HERE("w 3 " LARGEST " if=x"), DROP(LARGEST_NUMBER), "if=\"x\" " RANGE},
    {HERE("w 3 0 at="), DROP(0), "at=\"\" " RANGE ", nor end"},
};
/* clang-format on */

static void
assert_same_request(const struct codec_request *a,
                    const struct codec_request *b)
{
    assert_int_equal(a->verb, b->verb);
    assert_int_equal(a->given, b->given);
    if (a->verb == CODEC_WRITE) {
        assert_int_equal(a->mode, b->mode);
    }
    assert_int_equal(a->mailbox, b->mailbox);
    assert_int_equal(a->length_bytes, b->length_bytes);
    assert_int_equal(a->offset_bytes, b->offset_bytes);
    assert_int_equal(a->max_bytes, b->max_bytes);
    assert_int_equal(a->if_version, b->if_version);
    assert_int_equal(a->after_version, b->after_version);
    assert_int_equal(a->wait_ms, b->wait_ms);
}

static void
every_request_of_the_protocol_is_read(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(good_rows); i++) {
        const struct good_row *row = &good_rows[i];
        struct codec_request request;
        struct codec_fault fault;
        int error =
            codec_decode(row->line, strlen(row->line), &request, &fault);

        if (error != 0) {
            print_error("%s: %s\n", row->line, fault.text);
        }
        assert_int_equal(error, 0);
        assert_same_request(&request, &row->request);
    }
}

static void
every_error_says_what_is_wrong_and_where_the_stream_stands(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(bad_rows); i++) {
        const struct bad_row *row = &bad_rows[i];
        struct codec_request request;
        struct codec_fault fault;

        if (codec_decode(row->line, row->line_bytes, &request, &fault) !=
            EBADMSG) {
            fail_msg("%s is no request", row->line);
        }
        assert_string_equal(fault.text, row->text);
        assert_int_equal(fault.fate, row->fate);
        if (row->fate == CODEC_DATA_FOLLOWS) {
            assert_int_equal(fault.dropped_bytes, row->dropped_bytes);
        }
    }
}

/* ---- What a collector understands. ---- */

#define GATHER_USAGE \
    "g <which> <token> [type=<number>] [size=<bytes>] [fail=<number>]"
#define TOKEN64 \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct opening_row {
    const char *line;
    const char *token;
    uint64_t which;
    uint64_t type;
    uint64_t size_bytes;
    uint64_t fail;
    unsigned given;
};

/* clang-format off */
static const struct opening_row opening_rows[] = {
    {"g 3 secret", "secret", 3, 0, STORE_ANY_SIZE, 0, 0},
    {"  g  003  secret  ", "secret", 3, 0, STORE_ANY_SIZE, 0, 0},
    {"g 3 type=7", "type=7", 3, 0, STORE_ANY_SIZE, 0, 0},
    {"g 3 " TOKEN64, TOKEN64, 3, 0, STORE_ANY_SIZE, 0, 0},
    {"g 3 s type=7", "s", 3, 7, STORE_ANY_SIZE, 0, CODEC_TYPE},
    {"g 3 s size=0", "s", 3, 0, 0, 0, CODEC_SIZE},
    {"g 3 s fail=9", "s", 3, 0, STORE_ANY_SIZE, 9, CODEC_FAIL},
    {"g 3 s fail=9 size=" LARGEST " type=" LARGEST, "s", 3, LARGEST_NUMBER,
     LARGEST_NUMBER, 9, CODEC_TYPE | CODEC_SIZE | CODEC_FAIL},
};

static const struct bad_row collected_bad_rows[] = {
    {HERE("g"), OPEN, "g wants a child: " GATHER_USAGE},
    {HERE("g x"), OPEN, "child \"x\" " RANGE},
    {HERE("g 3"), OPEN, "g wants a token: " GATHER_USAGE},
    {HERE("g 3 " TOKEN64 "x"), OPEN, "the token is longer than 64 bytes"},
    {HERE("g 3 s at=1"), OPEN,
     "option \"at\" is not one of g's: type, size and fail"},
    {HERE("g 3 s size=x"), OPEN, "size=\"x\" " RANGE},
    {HERE("g 3 s type=x"), OPEN, "type=\"x\" " RANGE},
    {HERE("g 3 s fail=x"), OPEN, "fail=\"x\" " RANGE},
    {HERE("g 3 s size=1 size=1"), OPEN, "option size is given twice"},
    {HERE("g 3 s secret"), OPEN,
     "\"secret\" is no option (key=value); usage: " GATHER_USAGE},
    {HERE("w 3 5 if=1"), DROP(5), "option \"if\" is not one of w's: at"},
    {HERE("w"), CLOSE, "w wants a child: w <which> <length> at=end"},
    {HERE("q 3 at=1"), OPEN, "q takes no option \"at\": q"},
    {HERE("r 3"), OPEN, "unknown verb \"r\": g, w and q are known"},
    {HERE("s"), OPEN, "unknown verb \"s\": g, w and q are known"},
};
/* clang-format on */

static void
a_collector_is_told_whose_result_follows(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(opening_rows); i++) {
        const struct opening_row *row = &opening_rows[i];
        struct codec_request request;
        struct codec_fault fault;

        assert_int_equal(codec_decode_collected(row->line, strlen(row->line),
                                                &request, &fault),
                         0);
        assert_int_equal(request.verb, CODEC_GATHER);
        assert_int_equal(request.given,
                         row->given | CODEC_MAILBOX | CODEC_TOKEN);
        assert_string_equal(request.token, row->token);
        assert_int_equal(request.mailbox, row->which);
        assert_int_equal(request.type, row->type);
        assert_int_equal(request.size_bytes, row->size_bytes);
        assert_int_equal(request.fail, row->fail);
    }
}

static void
a_collector_says_what_is_wrong_and_never_shows_a_token(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(collected_bad_rows); i++) {
        const struct bad_row *row = &collected_bad_rows[i];
        struct codec_request request;
        struct codec_fault fault;

        if (codec_decode_collected(row->line, row->line_bytes, &request,
                                   &fault) != EBADMSG) {
            fail_msg("%s is no request", row->line);
        }
        assert_string_equal(fault.text, row->text);
        assert_int_equal(fault.fate, row->fate);
        assert_null(strstr(fault.text, TOKEN64));
    }
}

static void
an_ordinary_server_does_not_know_g(void **state)
{
    struct codec_request request;
    struct codec_fault fault;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(opening_rows); i++) {
        assert_int_equal(codec_decode(opening_rows[i].line,
                                      strlen(opening_rows[i].line), &request,
                                      &fault),
                         EBADMSG);
        assert_string_equal(fault.text,
                            "unknown verb \"g\": r, w, s and q are known");
        assert_int_equal(fault.fate, CODEC_LINE_ENDED);
    }
}

/* Whatever ends a line, the same line is found, and none before its end. */
static void
check_finding(const char *line, size_t line_bytes, const char *end)
{
    char bytes[CODEC_HEADER_MAX + 16];
    size_t whole = line_bytes + strlen(end);
    size_t found = 0;
    size_t taken = 0;
    size_t cut;

    memcpy(bytes, line, line_bytes);
    memcpy(bytes + line_bytes, end, strlen(end));
    memcpy(bytes + whole, "r 7\n", 4);
    for (cut = 0; cut < whole; cut++) {
        assert_int_equal(codec_find_line(bytes, cut, &found, &taken), EAGAIN);
    }
    for (cut = whole; cut <= whole + 4; cut++) {
        assert_int_equal(codec_find_line(bytes, cut, &found, &taken), 0);
        assert_int_equal(found, line_bytes);
        assert_int_equal(taken, whole);
    }
}

static void
a_line_cut_short_at_any_byte_has_no_end(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(good_rows); i++) {
        const char *line = good_rows[i].line;

        check_finding(line, strlen(line), "\n");
        check_finding(line, strlen(line), "\r\n");
    }
    for (i = 0; i < COUNT(bad_rows); i++) {
        if (bad_rows[i].line[bad_rows[i].line_bytes - 1] != '\r') {
            check_finding(bad_rows[i].line, bad_rows[i].line_bytes, "\n");
        }
        check_finding(bad_rows[i].line, bad_rows[i].line_bytes, "\r\n");
    }
}

/* What a cut line means is still said without reading beyond the cut. */
static void
a_cut_request_is_a_request_or_an_error_of_its_own(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(good_rows); i++) {
        size_t cut;

        for (cut = 0; cut <= strlen(good_rows[i].line); cut++) {
            struct codec_request request;
            struct codec_fault fault;
            char exact[CODEC_LINE_MAX + 1];
            int error;

            memcpy(exact, good_rows[i].line, cut);
            memset(exact + cut, '9', sizeof exact - cut);
            error = codec_decode(exact, cut, &request, &fault);
            assert_true(error == 0 || error == ENODATA || error == EBADMSG);
            assert_int_equal(error == EBADMSG, fault.text[0] != '\0');
            if (error == 0) {
                assert_true(request.mailbox <= LARGEST_NUMBER);
                assert_true(cut > 0);
            }
        }
    }
}

/* The same is said where nothing can be read behind the bytes, or before. */
static void
read_at_the_edges(const char *bytes, size_t length)
{
    struct codec_request request;
    struct codec_fault fault;
    struct codec_fault again;
    size_t line = 0;
    size_t whole = 0;

    assert_int_equal(
        codec_decode(edge_behind(bytes, length), length, &request, &fault),
        codec_decode(edge_before(bytes, length), length, &request, &again));
    assert_string_equal(fault.text, again.text);
    assert_int_equal(
        codec_find_line(edge_behind(bytes, length), length, &line, &whole),
        EAGAIN);
    assert_int_equal(
        codec_find_line(edge_before(bytes, length), length, &line, &whole),
        EAGAIN);
    assert_int_equal(codec_is_blank(edge_behind(bytes, length), length),
                     codec_is_blank(edge_before(bytes, length), length));
    assert_int_equal(codec_is_bare(edge_behind(bytes, length), length),
                     codec_is_bare(edge_before(bytes, length), length));
}

static void
nothing_is_read_but_what_is_given(void **state)
{
    size_t line = 0;
    size_t whole = 0;
    size_t i;
    size_t cut;

    (void)state;
    for (i = 0; i < COUNT(good_rows); i++) {
        for (cut = 0; cut <= strlen(good_rows[i].line); cut++) {
            read_at_the_edges(good_rows[i].line, cut);
        }
    }
    for (i = 0; i < COUNT(bad_rows); i++) {
        for (cut = 0; cut <= bad_rows[i].line_bytes; cut++) {
            read_at_the_edges(bad_rows[i].line, cut);
        }
    }
    assert_int_equal(codec_find_line(edge_before("\n", 1), 1, &line, &whole),
                     0);
    assert_int_equal(line, 0);
    assert_int_equal(whole, 1);
}

static void
a_line_of_spaces_is_skipped(void **state)
{
    struct codec_request request;
    struct codec_fault fault;

    (void)state;
    assert_int_equal(codec_decode("", 0, &request, &fault), ENODATA);
    assert_int_equal(codec_decode("   ", 3, &request, &fault), ENODATA);
    assert_int_equal(codec_decode("\t", 1, &request, &fault), EBADMSG);
    assert_true(codec_is_blank("", 0));
    assert_true(codec_is_blank("  ", 2));
    assert_true(codec_is_blank("  \r", 3));
    assert_false(codec_is_blank(" \r\r", 3));
    assert_false(codec_is_blank("\t", 1));
    assert_false(codec_is_blank(" r ", 3));
}

static void
a_line_may_have_255_bytes_and_no_more(void **state)
{
    char bytes[300];
    size_t line = 0;
    size_t whole = 0;
    size_t length;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    for (length = 0; length <= 255; length++) {
        assert_int_equal(codec_find_line(bytes, length, &line, &whole), EAGAIN);
    }
    for (length = 256; length <= sizeof bytes; length++) {
        assert_int_equal(codec_find_line(bytes, length, &line, &whole),
                         EMSGSIZE);
    }
    check_finding(bytes, 255, "\n");
    check_finding(bytes, 255, "\r\n");
    check_finding(bytes, 254, "\r\n");
    bytes[256] = '\n';
    assert_int_equal(codec_find_line(bytes, 257, &line, &whole), EMSGSIZE);
    bytes[255] = '\r';
    bytes[256] = 'x';
    assert_int_equal(codec_find_line(bytes, 256, &line, &whole), EAGAIN);
    assert_int_equal(codec_find_line(bytes, 257, &line, &whole), EMSGSIZE);
    bytes[256] = '\r';
    bytes[257] = '\n';
    assert_int_equal(codec_find_line(bytes, 258, &line, &whole), EMSGSIZE);
}

static void
only_the_last_carriage_return_belongs_to_the_end(void **state)
{
    size_t line = 0;
    size_t whole = 0;

    (void)state;
    assert_int_equal(codec_find_line("r 3\r\r\n", 6, &line, &whole), 0);
    assert_int_equal(line, 4);
    assert_int_equal(whole, 6);
    assert_int_equal(codec_find_line("\r\n", 2, &line, &whole), 0);
    assert_int_equal(line, 0);
    assert_int_equal(whole, 2);
}

static void
only_a_plain_read_or_quit_may_lack_its_newline(void **state)
{
    static const char *const bare[] = {"r 3", "r 0", "r 007",
                                       "q",   "q 3", "r 9223372036854775807"};
    static const char *const other[] = {
        "",        "r",    "r ",       "r 3 ",  " r 3", "r  3",
        "r 3\r",   "r 3x", "r 3 at=1", "s",     "s 3",  "w 3",
        "w 3 5",   "q ",   "q x",      " q",    "qq",   "R 3",
        "r\t3",    "x 3",  "r -1",     "q 3 4", "q 3 ", "r 9223372036854775808",
        "r 3\nr 4"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(bare); i++) {
        assert_true(codec_is_bare(bare[i], strlen(bare[i])));
    }
    for (i = 0; i < COUNT(other); i++) {
        assert_false(codec_is_bare(other[i], strlen(other[i])));
    }
}

#define assert_line(length, expected)        \
    do {                                     \
        line[length] = '\0';                 \
        assert_string_equal(line, expected); \
    } while (0)

static void
answers_are_written_as_the_protocol_says(void **state)
{
    char line[CODEC_ANSWER_MAX + 1];
    struct store_view view = {.version = 1, .size_bytes = 5};
    size_t length;

    (void)state;
    length = codec_encode_ok(line, 0);
    assert_line(length, "ok 0\n");
    length = codec_encode_ok(line, 1234567890);
    assert_line(length, "ok 1234567890\n");
    length = codec_encode_view(line, 5, &view);
    assert_line(length, "ok 5 version=1 size=5\n");
    length = codec_encode_conflict(line, 1, 7);
    assert_line(length, "err conflict version=1: expected version 7\n");
    length = codec_encode_error(line, CODEC_TIMEOUT, "nothing newer");
    assert_line(length, "err timeout: nothing newer\n");
}

static void
every_error_has_the_name_that_the_protocol_gives_it(void **state)
{
    static const struct {
        enum codec_error error;
        const char *line;
    } rows[] = {
        {CODEC_BAD_REQUEST, "err bad-request: why\n"},
        {CODEC_NO_SUCH_MAILBOX, "err no-such-mailbox: why\n"},
        {CODEC_TOO_LARGE, "err too-large: why\n"},
        {CODEC_TIMEOUT, "err timeout: why\n"},
        {CODEC_BUSY, "err busy: why\n"},
        {CODEC_DENIED, "err denied: why\n"},
        {CODEC_SHUTTING_DOWN, "err shutting-down: why\n"},
        {CODEC_DENIED, "err denied: why\n"},
        {CODEC_INTERNAL, "err internal: why\n"},
    };
    char line[CODEC_ANSWER_MAX + 1];
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        size_t length = codec_encode_error(line, rows[i].error, "why");

        assert_line(length, rows[i].line);
    }
}

static void
the_longest_answers_fit_their_lines(void **state)
{
    char line[CODEC_ANSWER_MAX + 1];
    char text[2 * CODEC_ANSWER_MAX];
    struct store_view view = {.version = UINT64_MAX, .size_bytes = UINT64_MAX};
    size_t length;

    (void)state;
    length = codec_encode_view(line, UINT64_MAX, &view);
    assert_line(length, "ok 18446744073709551615 "
                        "version=18446744073709551615 "
                        "size=18446744073709551615\n");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    length = codec_encode_error(line, CODEC_NO_SUCH_MAILBOX, text);
    assert_int_equal(length, CODEC_ANSWER_MAX);
    assert_int_equal(line[CODEC_ANSWER_MAX - 1], '\n');
    text[CODEC_TEXT_MAX - 1] = '\0';
    length = codec_encode_error(line, CODEC_NO_SUCH_MAILBOX, text);
    assert_true(length < CODEC_ANSWER_MAX);
    length = codec_encode_conflict(line, UINT64_MAX, UINT64_MAX);
    assert_line(length, "err conflict version=18446744073709551615: "
                        "expected version 18446744073709551615\n");
}

/* Lines made of pieces that matter, in an order that a fixed seed decides. */
static void
no_line_yields_a_request_that_breaks_the_rules(void **state)
{
    static const char *const pieces[] = {
        "r",  "w",     "s",    "q",   " ",   "  ",     "3",     "5",
        "=",  "at=",   "max=", "if=", "end", "after=", "wait=", "\t",
        "\r", LARGEST, "0",    "x",   "-",   "\1",     "at=end"};
    uint64_t random = 20260101;
    int requests = 0;
    int round;

    (void)state;
    for (round = 0; round < 200000; round++) {
        char line[CODEC_LINE_MAX];
        size_t length = 0;
        int count = 1 + (int)(random >> 40) % 9;
        struct codec_request request;
        struct codec_fault fault;
        const char *byte;
        int error;

        while (count-- > 0) {
            const char *piece;

            random = random * 6364136223846793005U + 1442695040888963407U;
            piece = pieces[(random >> 33) % COUNT(pieces)];
            if (length + strlen(piece) <= sizeof line) {
                memcpy(line + length, piece, strlen(piece));
                length += strlen(piece);
            }
        }
        error = codec_decode(line, length, &request, &fault);
        for (byte = fault.text; *byte != '\0'; byte++) {
            assert_true(*byte >= ' ' && *byte <= '~');
        }
        if (error == EBADMSG) {
            bool is_write = request.verb == CODEC_WRITE;

            assert_true(is_write || fault.fate == CODEC_LINE_ENDED);
            continue;
        }
        if (error == 0) {
            unsigned wait = request.given & (CODEC_WAIT | CODEC_AFTER);

            requests++;
            assert_true(wait != CODEC_WAIT);
            assert_true(request.mailbox <= LARGEST_NUMBER);
            assert_true((request.given & CODEC_LENGTH) == 0 ||
                        request.verb == CODEC_WRITE);
        }
    }
    assert_true(requests > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_of_the_protocol_is_read),
        cmocka_unit_test(
            every_error_says_what_is_wrong_and_where_the_stream_stands),
        cmocka_unit_test(a_collector_is_told_whose_result_follows),
        cmocka_unit_test(
            a_collector_says_what_is_wrong_and_never_shows_a_token),
        cmocka_unit_test(an_ordinary_server_does_not_know_g),
        cmocka_unit_test(a_line_cut_short_at_any_byte_has_no_end),
        cmocka_unit_test(a_cut_request_is_a_request_or_an_error_of_its_own),
        cmocka_unit_test(nothing_is_read_but_what_is_given),
        cmocka_unit_test(a_line_of_spaces_is_skipped),
        cmocka_unit_test(a_line_may_have_255_bytes_and_no_more),
        cmocka_unit_test(only_the_last_carriage_return_belongs_to_the_end),
        cmocka_unit_test(only_a_plain_read_or_quit_may_lack_its_newline),
        cmocka_unit_test(answers_are_written_as_the_protocol_says),
        cmocka_unit_test(every_error_has_the_name_that_the_protocol_gives_it),
        cmocka_unit_test(the_longest_answers_fit_their_lines),
        cmocka_unit_test(no_line_yields_a_request_that_breaks_the_rules),
    };

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
