#include "redis_talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTED_MAX 64U

void
redis_talk_adapt(struct operation *o, uint64_t mailbox_bytes)
{
    if (o->verb == OPERATION_LOOK) {
        o->verb = OPERATION_READ;
    }
    if (o->verb == OPERATION_READ) {
        o->offset = 0;
        o->max_bytes = mailbox_bytes;
        o->if_version = OPERATION_ANY;
    } else if (o->verb != OPERATION_REPLACE) {
        o->if_version = OPERATION_ANY;
    }
}

unsigned
redis_talk_answers(const struct operation *o)
{
    return o->verb == OPERATION_OVERWRITE || o->verb == OPERATION_APPEND ? 4
                                                                         : 1;
}

static size_t
put(unsigned char *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return length;
}

static size_t
put_number(unsigned char *out, uint64_t number)
{
    char digits[32];
    char text[64];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
    (void)snprintf(text, sizeof(text), "$%d\r\n%s\r\n", length, digits);
    return put(out, text);
}

static size_t
put_data(unsigned char *out, const struct operation_data *data)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "$%" PRIu32 "\r\n", data->length);
    size_t at = put(out, text);
    operation_make(data->seed, out + at, data->length);
    at += data->length;
    return at + put(out + at, "\r\n");
}

static size_t
ask_read(unsigned char *out, const struct operation *o, uint32_t wait_ms)
{
    if (o->after_version == OPERATION_ANY) {
        size_t at = put(out, "*2\r\n$11\r\nGETWITHETAG\r\n");
        return at + put_number(out + at, o->mailbox);
    }
    size_t at = put(out, "*4\r\n$9\r\nDIPC.WAIT\r\n");
    at += put_number(out + at, o->mailbox);
    at += put_number(out + at, o->after_version);
    return at + put_number(out + at, wait_ms);
}

static size_t
ask_replacement(unsigned char *out, const struct operation *o)
{
    bool is_any = o->if_version == OPERATION_ANY;
    size_t at = put(out, is_any ? "*3\r\n$11\r\nSETWITHETAG\r\n"
                                : "*5\r\n$10\r\nSETIFMATCH\r\n");
    at += put_number(out + at, o->mailbox);
    at += put_data(out + at, &o->data);
    if (!is_any) {
        at += put_number(out + at, o->if_version);
        at += put(out + at, "$5\r\nNOGET\r\n");
    }
    return at;
}

/* SETRANGE of no byte would write nothing, where DIPC makes a version. */
static size_t
ask_transaction(unsigned char *out, const struct operation *o)
{
    bool appends = o->verb == OPERATION_APPEND || o->data.length == 0;
    size_t at = put(out, "*1\r\n$5\r\nMULTI\r\n");
    at += put(out + at,
              appends ? "*3\r\n$6\r\nAPPEND\r\n" : "*4\r\n$8\r\nSETRANGE\r\n");
    at += put_number(out + at, o->mailbox);
    if (!appends) {
        at += put_number(out + at, o->offset);
    }
    at += put_data(out + at, &o->data);
    at += put(out + at, "*2\r\n$11\r\nGETWITHETAG\r\n");
    at += put_number(out + at, o->mailbox);
    return at + put(out + at, "*1\r\n$4\r\nEXEC\r\n");
}

size_t
redis_talk_ask(unsigned char *out, const struct operation *o, uint32_t wait_ms)
{
    switch (o->verb) {
    case OPERATION_REPLACE:
        return ask_replacement(out, o);
    case OPERATION_OVERWRITE:
    case OPERATION_APPEND:
        return ask_transaction(out, o);
    default:
        return ask_read(out, o, wait_ms);
    }
}

/* ---- answers ---- */

/* A line or a bulk: where the next one begins; 0: it is not whole. */
static size_t
skip_one(const unsigned char *in, size_t length, uint64_t *more)
{
    const unsigned char *newline = memchr(in, '\n', length);
    if (newline == NULL) {
        return 0;
    }
    size_t line = (size_t)(newline - in) + 1;
    long long number = strtoll((const char *)in + 1, NULL, 10);
    *more = 0;
    if (in[0] == '*' && number > 0) {
        *more = (uint64_t)number;
    }
    if (in[0] != '$' || number < 0) {
        return line;
    }
    size_t whole = line + (size_t)number + 2;
    return whole <= length ? whole : 0;
}

size_t
redis_talk_length(const unsigned char *in, size_t length)
{
    uint64_t left = 1;
    size_t at = 0;
    while (left > 0 && at < length) {
        uint64_t more = 0;
        size_t one = skip_one(in + at, length - at, &more);
        if (one == 0 || more > NESTED_MAX) {
            return 0;
        }
        at += one;
        left += more - 1;
    }
    return left == 0 ? at : 0;
}

static bool
begins(const unsigned char *in, size_t length, const char *text)
{
    return length >= strlen(text) && memcmp(in, text, strlen(text)) == 0;
}

static const char *
note_error(struct operation *o, const unsigned char *in, size_t length)
{
    if (begins(in, length, "-BUSY mailbox")) {
        o->outcome = OPERATION_BUSY;
    } else if (begins(in, length, "-ERR string exceeds maximum")) {
        o->outcome = OPERATION_TOO_LARGE;
    } else if (!begins(in, length, "-ERR shutting down")) {
        return "an error that nothing explains";
    }
    return NULL;
}

static bool
take_integer(const unsigned char *in, size_t length, uint64_t *number,
             size_t *taken)
{
    uint64_t more = 0;
    *taken = length > 0 ? skip_one(in, length, &more) : 0;
    if (*taken == 0 || in[0] != ':') {
        return false;
    }
    *number = strtoull((const char *)in + 1, NULL, 10);
    return true;
}

/* [version, content], or null for version 0: a content as it was read. */
static const char *
note_content(struct operation *o, const unsigned char *in, size_t length)
{
    size_t at = 4;
    size_t taken = 0;
    if (begins(in, length, "$-1\r\n")) {
        o->version = o->size = 0;
        o->data = operation_data_of(in, 0);
        return NULL;
    }
    if (!begins(in, length, "*2\r\n") ||
        !take_integer(in + at, length - at, &o->version, &taken)) {
        return "no version and content";
    }
    at += taken;
    const unsigned char *newline = memchr(in + at, '\n', length - at);
    if (in[at] != '$' || newline == NULL) {
        return "a content that is no bulk";
    }
    long long size = strtoll((const char *)in + at + 1, NULL, 10);
    o->size = size < 0 ? 0 : (uint64_t)size;
    o->data = operation_data_of(newline + 1, (uint32_t)o->size);
    return NULL;
}

static const char *
note_read(struct operation *o, const unsigned char *in, size_t length)
{
    if (begins(in, length, "*-1\r\n")) {
        o->outcome = OPERATION_TIMEOUT;
        return o->after_version == OPERATION_ANY ? "a time-out of no wait"
                                                 : NULL;
    }
    const char *wrong = note_content(o, in, length);
    o->outcome = OPERATION_OK;
    return wrong;
}

static const char *
note_replacement(struct operation *o, const unsigned char *in, size_t length)
{
    struct operation told = *o;
    size_t taken = 0;
    o->size = o->data.length;
    if (o->if_version == OPERATION_ANY) {
        o->outcome = OPERATION_OK;
        return take_integer(in, length, &o->version, &taken)
                   ? NULL
                   : "a replacement without its version";
    }
    const char *wrong = note_content(&told, in, length);
    bool is_set = length > 5 && memcmp(in + length - 5, "$-1\r\n", 5) == 0;
    o->version = told.version;
    o->outcome = is_set ? OPERATION_OK : OPERATION_CONFLICT;
    if (is_set && o->version != o->if_version + 1) {
        wrong = "a version that is not the next one";
    }
    return wrong;
}

/* The read behind the write must see what it made, and tells the version. */
static const char *
note_transaction(struct operation *o, const unsigned char *in, size_t length)
{
    static const char before[] = "+OK\r\n+QUEUED\r\n+QUEUED\r\n";
    size_t at = sizeof(before) - 1;
    size_t taken = 0;
    struct operation seen = *o;
    if (!begins(in, length, before)) {
        return "a transaction that does not begin";
    }
    if (in[at] == '-') {
        return note_error(o, in + at, length - at);
    }
    if (!begins(in + at, length - at, "*2\r\n")) {
        return "a transaction without two answers";
    }
    at += 4;
    if (in[at] == '-') {
        return note_error(o, in + at, length - at);
    }
    if (!take_integer(in + at, length - at, &o->size, &taken)) {
        return "a write without its size";
    }
    at += taken;
    const char *wrong = note_content(&seen, in + at, length - at);
    if (wrong == NULL && seen.size != o->size) {
        wrong = "a size that the next command does not see";
    }
    o->version = seen.version;
    o->outcome = OPERATION_OK;
    return wrong;
}

const char *
redis_talk_note(struct operation *o, const unsigned char *in, size_t length)
{
    if (in[0] == '-') {
        return note_error(o, in, length);
    }
    switch (o->verb) {
    case OPERATION_REPLACE:
        return note_replacement(o, in, length);
    case OPERATION_OVERWRITE:
    case OPERATION_APPEND:
        return note_transaction(o, in, length);
    default:
        return note_read(o, in, length);
    }
}
