#include "codec.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"

#define NUMBERS "a number from 0 to 9223372036854775807"

/* How much of a client's field is shown back to it, and what that takes. */
#define QUOTED_MAX 24
#define QUOTED_ROOM (QUOTED_MAX + 6)

struct field {
    const char *bytes;
    size_t length_bytes;
};

/* What is left of a line. */
struct cursor {
    const char *next;
    const char *end;
};

struct verb {
    const char *name;
    enum codec_verb verb;
    unsigned required; /* fields, enum codec_given */
    unsigned options;  /* enum codec_given */
    const char *usage;
    const char *listed; /* the options, as a person writes them */
};

static const struct verb verbs[] = {
    {"r", CODEC_READ, CODEC_MAILBOX,
     CODEC_AT | CODEC_MAX | CODEC_IF | CODEC_AFTER | CODEC_WAIT,
     "r <mailbox> [at=<offset>] [max=<bytes>] [if=<version>] "
     "[after=<version> [wait=<ms>]]",
     "at, max, if, after and wait"},
    {"w", CODEC_WRITE, CODEC_MAILBOX, CODEC_AT | CODEC_IF,
     "w <mailbox> <length> [at=<offset>|at=end] [if=<version>]", "at and if"},
    {"s", CODEC_STATISTICS, 0, 0, "s [<mailbox>]", ""},
    {"q", CODEC_QUIT, 0, 0, "q [<mailbox>]", ""},
};

static const struct verb collector_verbs[] = {
    {"g", CODEC_GATHER, CODEC_MAILBOX | CODEC_TOKEN,
     CODEC_TYPE | CODEC_SIZE | CODEC_FAIL,
     "g <which> <token> [type=<number>] [size=<bytes>] [fail=<number>]",
     "type, size and fail"},
    {"w", CODEC_WRITE, CODEC_MAILBOX, CODEC_AT, "w <which> <length> at=end",
     "at"},
    {"q", CODEC_QUIT, 0, 0, "q", ""},
};

/* The verbs that one kind of server knows. */
struct dialect {
    const struct verb *verbs;
    size_t count;
    const char *known;   /* the verbs, as a person writes them */
    const char *numbers; /* what a mailbox's number is called */
};

static const struct {
    const char *key;
    enum codec_given option;
} options[] = {
    {"at", CODEC_AT},       {"max", CODEC_MAX},   {"if", CODEC_IF},
    {"after", CODEC_AFTER}, {"wait", CODEC_WAIT}, {"type", CODEC_TYPE},
    {"size", CODEC_SIZE},   {"fail", CODEC_FAIL},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct dialect ordinary = {verbs, COUNT(verbs), "r, w, s and q",
                                        "mailbox"};
static const struct dialect collecting = {
    collector_verbs, COUNT(collector_verbs), "g, w and q", "child"};

static bool
field_is(struct field field, const char *text)
{
    return field.length_bytes == strlen(text) &&
           memcmp(field.bytes, text, field.length_bytes) == 0;
}

/* The next field, unless only spaces are left. */
static bool
next_field(struct cursor *cursor, struct field *field)
{
    while (cursor->next < cursor->end && *cursor->next == ' ') {
        cursor->next++;
    }
    field->bytes = cursor->next;
    while (cursor->next < cursor->end && *cursor->next != ' ') {
        cursor->next++;
    }
    field->length_bytes = (size_t)(cursor->next - field->bytes);
    return field->length_bytes > 0;
}

static bool
parse_number(struct field field, uint64_t *number)
{
    uint64_t value = 0;
    size_t i;

    for (i = 0; i < field.length_bytes; i++) {
        if (!decimal_add_digit(&value, field.bytes[i], CODEC_NUMBER_END - 1)) {
            return false;
        }
    }
    *number = value;
    return field.length_bytes > 0;
}

static char *
put_text(char *to, const char *text)
{
    size_t length = strlen(text);

    memcpy(to, text, length);
    return to + length;
}

/* The field between quotation marks, short and fit for a terminal (C2). */
static const char *
quote(struct field field, char quoted[static QUOTED_ROOM])
{
    size_t shown = field.length_bytes;
    char *to = quoted;
    size_t i;

    if (shown > QUOTED_MAX) {
        shown = QUOTED_MAX;
    }
    *to++ = '"';
    for (i = 0; i < shown; i++) {
        bool is_visible = field.bytes[i] >= ' ' && field.bytes[i] <= '~';

        *to++ = is_visible ? field.bytes[i] : '?';
    }
    if (shown < field.length_bytes) {
        to = put_text(to, "...");
    }
    *put_text(to, "\"") = '\0';
    return quoted;
}

__attribute__((format(printf, 2, 3))) static int
complain(struct codec_fault *fault, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    return EBADMSG;
}

static const struct verb *
find_verb(const struct dialect *dialect, struct field field)
{
    size_t i;

    for (i = 0; i < dialect->count; i++) {
        if (field_is(field, dialect->verbs[i].name)) {
            return &dialect->verbs[i];
        }
    }
    return NULL;
}

static int
decode_mailbox(struct cursor *cursor, const struct dialect *dialect,
               const struct verb *verb, struct codec_request *request,
               struct codec_fault *fault)
{
    char quoted[QUOTED_ROOM];
    struct field field;

    if (!next_field(cursor, &field)) {
        if ((verb->required & CODEC_MAILBOX) == 0) {
            return 0;
        }
        return complain(fault, "%s wants a %s: %s", verb->name,
                        dialect->numbers, verb->usage);
    }
    if (!parse_number(field, &request->mailbox)) {
        return complain(fault, "%s %s is not " NUMBERS, dialect->numbers,
                        quote(field, quoted));
    }
    request->given |= CODEC_MAILBOX;
    return 0;
}

/* A token is a secret: no complaint shows it. */
static int
decode_token(struct cursor *cursor, const struct verb *verb,
             struct codec_request *request, struct codec_fault *fault)
{
    struct field field;

    if (!next_field(cursor, &field)) {
        return complain(fault, "%s wants a token: %s", verb->name, verb->usage);
    }
    if (field.length_bytes > CODEC_TOKEN_MAX) {
        return complain(fault, "the token is longer than %d bytes",
                        CODEC_TOKEN_MAX);
    }
    memcpy(request->token, field.bytes, field.length_bytes);
    request->given |= CODEC_TOKEN;
    return 0;
}

/* A write's length: none makes it unframed. */
static int
decode_length(struct cursor *cursor, const struct verb *verb,
              struct codec_request *request, struct codec_fault *fault)
{
    char quoted[QUOTED_ROOM];
    struct field field;

    if (!next_field(cursor, &field)) {
        return 0;
    }
    if (memchr(field.bytes, '=', field.length_bytes) != NULL) {
        return complain(fault,
                        "a write with options wants its length first: %s",
                        verb->usage);
    }
    if (!parse_number(field, &request->length_bytes)) {
        return complain(fault, "length %s is not " NUMBERS,
                        quote(field, quoted));
    }
    request->given |= CODEC_LENGTH;
    fault->fate = CODEC_DATA_FOLLOWS;
    fault->dropped_bytes = request->length_bytes;
    return 0;
}

static int
set_option(struct codec_request *request, enum codec_given option,
           struct field value)
{
    switch (option) {
    case CODEC_AT:
        if (request->verb == CODEC_WRITE && field_is(value, "end")) {
            request->mode = STORE_APPEND;
            return 0;
        }
        request->mode = STORE_OVERWRITE;
        return parse_number(value, &request->offset_bytes) ? 0 : EINVAL;
    case CODEC_MAX:
        return parse_number(value, &request->max_bytes) ? 0 : EINVAL;
    case CODEC_IF:
        return parse_number(value, &request->if_version) ? 0 : EINVAL;
    case CODEC_AFTER:
        return parse_number(value, &request->after_version) ? 0 : EINVAL;
    case CODEC_WAIT:
        return parse_number(value, &request->wait_ms) ? 0 : EINVAL;
    case CODEC_TYPE:
        return parse_number(value, &request->type) ? 0 : EINVAL;
    case CODEC_SIZE:
        return parse_number(value, &request->size_bytes) ? 0 : EINVAL;
    default:
        assert(option == CODEC_FAIL);
        return parse_number(value, &request->fail) ? 0 : EINVAL;
    }
}

static int
decode_option(struct field field, const struct verb *verb,
              struct codec_request *request, struct codec_fault *fault)
{
    const char *equals = memchr(field.bytes, '=', field.length_bytes);
    struct field key = field;
    struct field value;
    char quoted[QUOTED_ROOM];
    size_t i;

    if (equals == NULL) {
        return complain(fault, "%s is no option (key=value); usage: %s",
                        quote(field, quoted), verb->usage);
    }
    key.length_bytes = (size_t)(equals - field.bytes);
    value.bytes = equals + 1;
    value.length_bytes = field.length_bytes - key.length_bytes - 1;
    for (i = 0; i < COUNT(options); i++) {
        if (field_is(key, options[i].key)) {
            break;
        }
    }
    if (verb->options == 0) {
        return complain(fault, "%s takes no option %s: %s", verb->name,
                        quote(key, quoted), verb->usage);
    }
    if (i == COUNT(options) || (verb->options & options[i].option) == 0) {
        return complain(fault, "option %s is not one of %s's: %s",
                        quote(key, quoted), verb->name, verb->listed);
    }
    if ((request->given & options[i].option) != 0) {
        return complain(fault, "option %s is given twice", options[i].key);
    }
    request->given |= options[i].option;
    if (set_option(request, options[i].option, value) != 0) {
        return complain(fault, "%s=%s is not " NUMBERS "%s", options[i].key,
                        quote(value, quoted),
                        request->verb == CODEC_WRITE &&
                                options[i].option == CODEC_AT
                            ? ", nor end"
                            : "");
    }
    return 0;
}

static int
decode_options(struct cursor *cursor, const struct verb *verb,
               struct codec_request *request, struct codec_fault *fault)
{
    struct field field;

    while (next_field(cursor, &field)) {
        int error = decode_option(field, verb, request, fault);

        if (error != 0) {
            return error;
        }
    }
    if ((request->given & (CODEC_WAIT | CODEC_AFTER)) == CODEC_WAIT) {
        return complain(fault, "wait=<ms> wants after=<version> beside it");
    }
    return 0;
}

/* The fields that are no options: they tell what follows the line. */
static int
decode_fields(struct cursor *cursor, const struct dialect *dialect,
              const struct verb *verb, struct codec_request *request,
              struct codec_fault *fault)
{
    int error = decode_mailbox(cursor, dialect, verb, request, fault);

    if (error == 0 && (verb->required & CODEC_TOKEN) != 0) {
        error = decode_token(cursor, verb, request, fault);
    }
    if (error == 0 && verb->verb == CODEC_WRITE) {
        error = decode_length(cursor, verb, request, fault);
    }
    return error;
}

static int
decode(const struct dialect *dialect, struct cursor cursor,
       struct codec_request *request, struct codec_fault *fault)
{
    const struct verb *verb;
    char quoted[QUOTED_ROOM];
    struct field field;
    int error;

    *request = (struct codec_request){.mode = STORE_REPLACE,
                                      .max_bytes = CODEC_NUMBER_END - 1,
                                      .if_version = STORE_ANY_VERSION,
                                      .size_bytes = STORE_ANY_SIZE};
    fault->fate = CODEC_LINE_ENDED;
    fault->text[0] = '\0';
    if (!next_field(&cursor, &field)) {
        return ENODATA;
    }
    verb = find_verb(dialect, field);
    if (verb == NULL) {
        return complain(fault, "unknown verb %s: %s are known",
                        quote(field, quoted), dialect->known);
    }
    request->verb = verb->verb;
    if (request->verb == CODEC_WRITE) {
        fault->fate = CODEC_OUT_OF_STEP;
    }
    error = decode_fields(&cursor, dialect, verb, request, fault);
    return error != 0 ? error : decode_options(&cursor, verb, request, fault);
}

int
codec_decode(const char *line, size_t line_bytes, struct codec_request *request,
             struct codec_fault *fault)
{
    return decode(&ordinary, (struct cursor){line, line + line_bytes}, request,
                  fault);
}

int
codec_decode_collected(const char *line, size_t line_bytes,
                       struct codec_request *request, struct codec_fault *fault)
{
    return decode(&collecting, (struct cursor){line, line + line_bytes},
                  request, fault);
}

int
codec_find_line(const char *bytes, size_t length_bytes, size_t *line_bytes,
                size_t *whole_bytes)
{
    size_t looked =
        length_bytes < CODEC_HEADER_MAX ? length_bytes : CODEC_HEADER_MAX;
    const char *newline = memchr(bytes, '\n', looked);
    size_t line = newline == NULL ? looked : (size_t)(newline - bytes);

    if (line > 0 && bytes[line - 1] == '\r' &&
        (newline != NULL || line == CODEC_LINE_MAX + 1)) {
        line--;
    }
    if (line > CODEC_LINE_MAX) {
        return EMSGSIZE;
    }
    if (newline == NULL) {
        return EAGAIN;
    }
    *line_bytes = line;
    *whole_bytes = (size_t)(newline - bytes) + 1;
    return 0;
}

bool
codec_is_bare(const char *bytes, size_t length_bytes)
{
    struct field number;
    uint64_t ignored;

    if (length_bytes < 2) {
        return length_bytes == 1 && bytes[0] == 'q';
    }
    number = (struct field){bytes + 2, length_bytes - 2};
    return (bytes[0] == 'r' || bytes[0] == 'q') && bytes[1] == ' ' &&
           parse_number(number, &ignored);
}

bool
codec_is_blank(const char *bytes, size_t length_bytes)
{
    size_t spaces = 0;

    if (length_bytes > 0 && bytes[length_bytes - 1] == '\r') {
        length_bytes--;
    }
    while (spaces < length_bytes && bytes[spaces] == ' ') {
        spaces++;
    }
    return spaces == length_bytes;
}

size_t
codec_encode_ok(char line[static CODEC_ANSWER_MAX], uint64_t length_bytes)
{
    char *to = decimal_put(put_text(line, "ok "), length_bytes);

    return (size_t)(put_text(to, "\n") - line);
}

size_t
codec_encode_view(char line[static CODEC_ANSWER_MAX], uint64_t length_bytes,
                  const struct store_view *view)
{
    char *to = decimal_put(put_text(line, "ok "), length_bytes);

    to = decimal_put(put_text(to, " version="), view->version);
    to = decimal_put(put_text(to, " size="), view->size_bytes);
    return (size_t)(put_text(to, "\n") - line);
}

static const char *
error_name(enum codec_error error)
{
    switch (error) {
    case CODEC_BAD_REQUEST:
        return "bad-request";
    case CODEC_NO_SUCH_MAILBOX:
        return "no-such-mailbox";
    case CODEC_TOO_LARGE:
        return "too-large";
    case CODEC_TIMEOUT:
        return "timeout";
    case CODEC_BUSY:
        return "busy";
    case CODEC_SHUTTING_DOWN:
        return "shutting-down";
    case CODEC_DENIED:
        return "denied";
    default:
        assert(error == CODEC_INTERNAL);
        return "internal";
    }
}

size_t
codec_encode_error(char line[static CODEC_ANSWER_MAX], enum codec_error error,
                   const char *text)
{
    char *to = put_text(put_text(line, "err "), error_name(error));
    size_t length = strlen(text);
    size_t left;

    to = put_text(to, ": ");
    left = (size_t)(line + CODEC_ANSWER_MAX - to) - 1;
    if (length > left) {
        length = left;
    }
    memcpy(to, text, length);
    to[length] = '\n';
    return (size_t)(to - line) + length + 1;
}

size_t
codec_encode_conflict(char line[static CODEC_ANSWER_MAX], uint64_t version,
                      uint64_t expected)
{
    char *to = decimal_put(put_text(line, "err conflict version="), version);

    to = decimal_put(put_text(to, ": expected version "), expected);
    return (size_t)(put_text(to, "\n") - line);
}
