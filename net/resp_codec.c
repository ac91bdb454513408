#include "resp_codec.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"

#define ARGUMENTS_FIRST 16
#define END_BYTES 2 /* of a carriage return and a newline */

void
resp_parser_init(struct resp_parser *parser, size_t length_max,
                 uint64_t skip_max)
{
    *parser =
        (struct resp_parser){.length_max = length_max, .skip_max = skip_max};
}

void
resp_parser_fini(struct resp_parser *parser)
{
    free(parser->arguments);
}

void
resp_parser_next(struct resp_parser *parser)
{
    assert(!parser->is_in_bulk);
    parser->count = 0;
    parser->expected = 0;
    parser->at = 0;
    parser->scanned = 0;
    parser->is_skipping = false;
}

bool
resp_parser_is_fresh(const struct resp_parser *parser)
{
    return parser->at == 0 && parser->scanned == 0 && parser->expected == 0;
}

void
resp_parser_rest(struct resp_parser *parser)
{
    if (resp_parser_is_fresh(parser)) {
        free(parser->arguments);
        parser->arguments = NULL;
        parser->capacity = 0;
    }
}

void
resp_parser_drop(struct resp_parser *parser)
{
    assert(parser->scanned >= parser->at);
    parser->scanned -= parser->at;
    parser->at = 0;
}

int
resp_integer(const char *bytes, size_t length_bytes, int64_t *number)
{
    bool is_negative = length_bytes > 0 && bytes[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    size_t i = is_negative ? 1 : 0;
    size_t digits = length_bytes - i;
    uint64_t value = 0;

    if (digits == 0 || (bytes[i] == '0' && length_bytes > 1)) {
        return EINVAL;
    }
    for (; i < length_bytes; i++) {
        if (!decimal_add_digit(&value, bytes[i], limit)) {
            return EINVAL;
        }
    }
    *number = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

bool
resp_is_word(const char *bytes, size_t length_bytes, const char *word)
{
    size_t i;

    for (i = 0; i < length_bytes; i++) {
        if (word[i] == '\0' || tolower((unsigned char)bytes[i]) != word[i]) {
            return false;
        }
    }
    return word[length_bytes] == '\0';
}

int
resp_mailbox_of_key(const char *bytes, size_t length_bytes, uint64_t *mailbox)
{
    size_t begin = length_bytes;
    uint64_t value = 0;
    size_t i;

    while (begin > 0 && bytes[begin - 1] != ':') {
        begin--;
    }
    for (i = begin; i < length_bytes; i++) {
        if (!decimal_add_digit(&value, bytes[i], UINT64_MAX)) {
            return EINVAL;
        }
    }
    *mailbox = value;
    return begin == length_bytes ? EINVAL : 0;
}

static int
fault(struct resp_parser *parser, const char *text)
{
    (void)snprintf(parser->fault, sizeof parser->fault, "%s", text);
    return EBADMSG;
}

static int
grow(struct resp_parser *parser)
{
    size_t capacity =
        parser->capacity == 0 ? ARGUMENTS_FIRST : 2 * parser->capacity;
    struct resp_argument *arguments =
        realloc(parser->arguments, capacity * sizeof *arguments);

    if (arguments == NULL) {
        return ENOMEM;
    }
    parser->arguments = arguments;
    parser->capacity = capacity;
    return 0;
}

static int
add_argument(struct resp_parser *parser, size_t offset, size_t length)
{
    if (parser->count == parser->capacity && grow(parser) != 0) {
        return ENOMEM;
    }
    parser->arguments[parser->count++] =
        (struct resp_argument){.offset = offset, .length = length};
    return 0;
}

/*
 * Find the newline that ends the line at parser->at.
 * Errors:  EAGAIN  not there yet
 *          EFBIG   further away than a line may be long
 */
static int
find_newline(struct resp_parser *parser, const char *bytes, size_t length,
             size_t *newline)
{
    size_t end = length;
    const char *found;

    if (end - parser->at > RESP_LINE_MAX + END_BYTES) {
        end = parser->at + RESP_LINE_MAX + END_BYTES;
    }
    if (parser->scanned < parser->at) {
        parser->scanned = parser->at;
    }
    assert(parser->scanned <= end);
    found = memchr(bytes + parser->scanned, '\n', end - parser->scanned);
    if (found != NULL) {
        *newline = (size_t)(found - bytes);
        return 0;
    }
    parser->scanned = end;
    return end - parser->at == RESP_LINE_MAX + END_BYTES ? EFBIG : EAGAIN;
}

/* ---- Typed lines. ---- */

static bool
is_hexadecimal(const char *bytes)
{
    return isxdigit((unsigned char)bytes[0]) &&
           isxdigit((unsigned char)bytes[1]);
}

static int
digit_of(char c)
{
    return isdigit((unsigned char)c) ? c - '0'
                                     : tolower((unsigned char)c) - 'a' + 10;
}

/* What stands for the letter behind a backslash. */
static char
unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/*
 * One character in quotes, at bytes[*at], before `end`: moves on and returns
 * what it means.
 */
static char
take_quoted(const char *bytes, size_t *at, size_t end, char quote)
{
    const char *from = bytes + *at;
    size_t left = end - *at;

    if (quote == '"' && left > 3 && from[0] == '\\' && from[1] == 'x' &&
        is_hexadecimal(from + 2)) {
        *at += 4;
        return (char)(16 * digit_of(from[2]) + digit_of(from[3]));
    }
    if (left > 1 && from[0] == '\\' && (quote == '"' || from[1] == '\'')) {
        *at += 2;
        return unescape(from[1]);
    }
    *at += 1;
    return from[0];
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\0' || c == '\v' ||
           c == '\f';
}

/*
 * Unquote the word at bytes[*at] where it stands; it never grows.
 * Errors: EBADMSG  a quote is not closed, or a word goes on behind one
 */
static int
take_word(char *bytes, size_t *at, size_t end, size_t *length)
{
    const size_t begin = *at;
    size_t to = begin;
    char quote = '\0';

    while (*at < end && (quote != '\0' || !is_space(bytes[*at]))) {
        char c = bytes[*at];

        if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
            *at += 1;
        } else if (quote != '\0' && c == quote) {
            *at += 1;
            if (*at < end && !is_space(bytes[*at])) {
                return EBADMSG;
            }
            quote = '\0';
        } else if (quote != '\0') {
            bytes[to++] = take_quoted(bytes, at, end, quote);
        } else {
            bytes[to++] = c;
            *at += 1;
        }
    }
    *length = to - begin;
    return quote == '\0' ? 0 : EBADMSG;
}

static int
split_line(struct resp_parser *parser, char *bytes, size_t end)
{
    size_t at = 0;
    int error = 0;

    while (at < end && error == 0) {
        size_t begin = at;
        size_t length = 0;

        if (is_space(bytes[at])) {
            at++;
            continue;
        }
        if (parser->count == RESP_ARGUMENTS_MAX) {
            return fault(parser, "too big inline request");
        }
        if (take_word(bytes, &at, end, &length) != 0) {
            return fault(parser, "unbalanced quotes in request");
        }
        error = add_argument(parser, begin, length);
    }
    return error;
}

static int
parse_line(struct resp_parser *parser, char *bytes, size_t length)
{
    size_t newline = 0;
    int error = find_newline(parser, bytes, length, &newline);

    if (error == EFBIG) {
        return fault(parser, "too big inline request");
    }
    if (error != 0) {
        return error;
    }
    parser->at = newline + 1;
    return split_line(parser, bytes, newline);
}

/* ---- Arrays of bulks. ---- */

/*
 * The number of the header line at parser->at, behind its first character; it
 * ends in a carriage return and a newline.
 * Errors: EAGAIN, EFBIG as find_newline; EINVAL  no such number
 */
static int
take_header(struct resp_parser *parser, const char *bytes, size_t length,
            int64_t *number)
{
    size_t begin = parser->at + 1;
    size_t newline = 0;
    int error = find_newline(parser, bytes, length, &newline);

    if (error != 0) {
        return error;
    }
    if (bytes[newline - 1] != '\r') {
        return EINVAL;
    }
    error = resp_integer(bytes + begin, newline - 1 - begin, number);
    parser->at = newline + 1;
    return error;
}

static int
begin_array(struct resp_parser *parser, const char *bytes, size_t length)
{
    int64_t number = 0;
    int error = take_header(parser, bytes, length, &number);

    if (error == EFBIG) {
        return fault(parser, "too big mbulk count string");
    }
    if (error == EINVAL || (error == 0 && number > RESP_ARGUMENTS_MAX)) {
        return fault(parser, "invalid multibulk length");
    }
    if (error == 0) {
        parser->expected = number > 0 ? (size_t)number : 0;
    }
    return error;
}

static int
fault_of_character(struct resp_parser *parser, char c)
{
    (void)snprintf(parser->fault, sizeof parser->fault,
                   "expected '$', got '%c'",
                   isprint((unsigned char)c) ? c : '?');
    return EBADMSG;
}

/* A bulk of so many bytes has been announced. */
static int
begin_bulk(struct resp_parser *parser, int64_t number)
{
    uint64_t bytes = (uint64_t)number + END_BYTES;

    parser->is_in_bulk = true;
    parser->bulk_left = bytes;
    if (parser->is_skipping) {
        parser->skipped += bytes;
        return parser->skipped > parser->skip_max ? EMSGSIZE : 0;
    }
    if (bytes > parser->length_max || parser->at > parser->length_max - bytes) {
        parser->is_skipping = true;
        parser->skipped = bytes;
        return EFBIG;
    }
    return 0;
}

static int
take_bulk_header(struct resp_parser *parser, const char *bytes, size_t length)
{
    int64_t number = 0;
    int error;

    if (parser->at == length) {
        return EAGAIN;
    }
    if (bytes[parser->at] != '$') {
        return fault_of_character(parser, bytes[parser->at]);
    }
    error = take_header(parser, bytes, length, &number);
    if (error == EFBIG) {
        return fault(parser, "too big bulk count string");
    }
    if (error == EINVAL || (error == 0 && number < 0)) {
        return fault(parser, "invalid bulk length");
    }
    return error == 0 ? begin_bulk(parser, number) : error;
}

static int
take_bulk(struct resp_parser *parser, const char *bytes, size_t length)
{
    size_t whole = (size_t)parser->bulk_left;
    size_t begin = parser->at;

    if (length - begin < whole) {
        return EAGAIN;
    }
    if (memcmp(bytes + begin + whole - END_BYTES, "\r\n", END_BYTES) != 0) {
        return fault(parser, "invalid bulk length");
    }
    parser->at += whole;
    parser->is_in_bulk = false;
    return add_argument(parser, begin, whole - END_BYTES);
}

static int
parse_array(struct resp_parser *parser, const char *bytes, size_t length)
{
    int error = 0;

    if (parser->expected == 0) {
        error = begin_array(parser, bytes, length);
    }
    while (error == 0 && parser->count < parser->expected) {
        error = parser->is_in_bulk ? take_bulk(parser, bytes, length)
                                   : take_bulk_header(parser, bytes, length);
    }
    return error;
}

int
resp_parse(struct resp_parser *parser, char *bytes, size_t length_bytes)
{
    assert(!parser->is_skipping);
    if (length_bytes == 0) {
        return EAGAIN;
    }
    return bytes[0] == '*' ? parse_array(parser, bytes, length_bytes)
                           : parse_line(parser, bytes, length_bytes);
}

/* What is left of a bulk, as far as it is here; its end is looked at too. */
static int
skip_bulk(struct resp_parser *parser, const char *bytes, size_t length)
{
    while (parser->bulk_left > 0 && parser->at < length) {
        uint64_t here = length - parser->at;
        uint64_t data =
            parser->bulk_left > END_BYTES ? parser->bulk_left - END_BYTES : 0;

        if (data > 0) {
            here = here < data ? here : data;
        } else {
            here = 1;
            if (bytes[parser->at] != "\r\n"[END_BYTES - parser->bulk_left]) {
                return fault(parser, "invalid bulk length");
            }
        }
        parser->at += (size_t)here;
        parser->bulk_left -= here;
    }
    if (parser->bulk_left > 0) {
        return EAGAIN;
    }
    parser->is_in_bulk = false;
    parser->count++;
    return 0;
}

int
resp_skip(struct resp_parser *parser, const char *bytes, size_t length_bytes)
{
    int error = parser->skipped > parser->skip_max ? EMSGSIZE : 0;

    assert(parser->is_skipping);
    while (error == 0 && parser->count < parser->expected) {
        error = parser->is_in_bulk
                    ? skip_bulk(parser, bytes, length_bytes)
                    : take_bulk_header(parser, bytes, length_bytes);
    }
    if (parser->scanned < parser->at) {
        parser->scanned = parser->at;
    }
    return error;
}
