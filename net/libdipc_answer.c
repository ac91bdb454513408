#include "libdipc_answer.h"

#include <errno.h>
#include <string.h>

/* A piece of the line that is still to be read. */
struct rest {
    const char *at;
    const char *end;
};

static const struct {
    const char *code;
    enum dipc_status status;
} codes[] = {
    {"conflict", DIPC_CONFLICT},
    {"timeout", DIPC_NOTHING_NEWER},
    {"no-such-mailbox", DIPC_NO_SUCH_MAILBOX},
    {"too-large", DIPC_TOO_LARGE},
    {"busy", DIPC_BUSY},
    {"bad-request", DIPC_BAD_REQUEST},
    {"shutting-down", DIPC_SHUTTING_DOWN},
    {"internal", DIPC_INTERNAL},
};

/* The next field, up to a space; empty at the end. */
static struct rest
next_field(struct rest *rest)
{
    while (rest->at < rest->end && *rest->at == ' ') {
        rest->at++;
    }
    struct rest field = {rest->at, rest->at};
    while (rest->at < rest->end && *rest->at != ' ') {
        rest->at++;
    }
    field.end = rest->at;
    return field;
}

static bool
is_word(struct rest field, const char *word)
{
    const size_t length = strlen(word);

    return (size_t)(field.end - field.at) == length &&
           !memcmp(field.at, word, length);
}

/* Digits alone, within 63 bits. */
static bool
is_number(struct rest field, uint64_t *number)
{
    uint64_t sum = 0;

    if (field.at == field.end) {
        return false;
    }
    for (const char *at = field.at; at < field.end; at++) {
        if (*at < '0' || *at > '9') {
            return false;
        }
        const uint64_t digit = (uint64_t)(*at - '0');
        if (sum > ((uint64_t)INT64_MAX - digit) / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    *number = sum;
    return true;
}

/* Errors: EPROTO  a key that is known has no number */
static int
take_pair(struct rest field, struct libdipc_answer *answer)
{
    const char *equals = memchr(field.at, '=', (size_t)(field.end - field.at));

    if (!equals) {
        return 0;
    }
    const struct rest key = {field.at, equals};
    const struct rest value = {equals + 1, field.end};
    if (is_word(key, "version")) {
        answer->has_version = true;
        return is_number(value, &answer->version) ? 0 : EPROTO;
    }
    if (is_word(key, "size")) {
        answer->has_size = true;
        return is_number(value, &answer->size) ? 0 : EPROTO;
    }
    return 0;
}

static int
take_pairs(struct rest *rest, struct libdipc_answer *answer)
{
    for (struct rest field = next_field(rest); field.at < field.end;
         field = next_field(rest)) {
        int error = take_pair(field, answer);
        if (error) {
            return error;
        }
    }
    return 0;
}

static int
decode_ok(struct rest *rest, struct libdipc_answer *answer)
{
    uint64_t length;

    if (!is_number(next_field(rest), &length)) {
        return EPROTO;
    }
    answer->length = (size_t)length;
    return take_pairs(rest, answer);
}

static enum dipc_status
status_of(struct rest code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (is_word(code, codes[i].code)) {
            return codes[i].status;
        }
    }
    return DIPC_OTHER_ERROR;
}

/* The sentence begins behind the first ": "; no pair has one in it. */
static int
decode_err(struct rest *rest, struct libdipc_answer *answer)
{
    const char *colon =
        memmem(rest->at, (size_t)(rest->end - rest->at), ": ", 2);

    answer->text = rest->end;
    if (colon) {
        answer->text = colon + 2;
        answer->text_length = (size_t)(rest->end - answer->text);
        rest->end = colon;
    }
    const struct rest code = next_field(rest);
    if (code.at == code.end) {
        return EPROTO;
    }
    answer->status = status_of(code);
    answer->is_timeout = answer->status == DIPC_NOTHING_NEWER;
    int error = take_pairs(rest, answer);
    if (error) {
        return error;
    }
    if (answer->text_length == 0) {
        answer->text = code.at;
        answer->text_length = (size_t)(code.end - code.at);
    }
    return answer->status == DIPC_CONFLICT && !answer->has_version ? EPROTO : 0;
}

int
libdipc_answer_decode(const char *line, size_t length,
                      struct libdipc_answer *answer)
{
    struct rest rest = {line, line + length};

    *answer = (struct libdipc_answer){.status = DIPC_OK};
    if (length > 0 && line[length - 1] == '\r') {
        rest.end--;
    }
    /* The first word stands at the very beginning: a space there is noise. */
    if (length == 0 || line[0] == ' ') {
        return EPROTO;
    }
    const struct rest kind = next_field(&rest);
    if (is_word(kind, "ok")) {
        return decode_ok(&rest, answer);
    }
    return is_word(kind, "err") ? decode_err(&rest, answer) : EPROTO;
}
