/*
 * Any line: what is said of it depends on its bytes alone (C1), what was read
 * reads the same when it is written anew, and no answer has a byte that a
 * terminal would obey (C2).
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

/* The longest line that write_request makes. */
#define WRITTEN_MAX 512

typedef int
decode_function(const char *line, size_t line_bytes,
                struct codec_request *request, struct codec_fault *fault);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* In a place of its own, so that a byte read beyond its end is noticed. */
static char *
copy_of(const char *bytes, size_t length)
{
    char *copy = malloc(length ? length : 1);

    assert(copy);
    memcpy(copy, bytes, length);
    return copy;
}

static void
check_printable(const char *text)
{
    for (; *text; text++) {
        assert(*text >= ' ');
        assert(*text <= '~');
    }
}

static void
check_answer(const char *line, size_t length)
{
    assert(length > 0);
    assert(length <= CODEC_ANSWER_MAX);
    assert(line[length - 1] == '\n');
    for (size_t i = 0; i + 1 < length; i++) {
        assert(line[i] >= ' ');
        assert(line[i] <= '~');
    }
}

static size_t
add_option(char *line, size_t used, const struct codec_request *request,
           unsigned option, const char *key, uint64_t value)
{
    if (!(request->given & option)) {
        return used;
    }
    return used + (size_t)snprintf(line + used, WRITTEN_MAX - used,
                                   " %s=%" PRIu64, key, value);
}

/* The same request in other words. */
static size_t
write_request(const struct codec_request *request,
              char line[static WRITTEN_MAX])
{
    static const char verbs[] = {[CODEC_READ] = 'r',
                                 [CODEC_WRITE] = 'w',
                                 [CODEC_STATISTICS] = 's',
                                 [CODEC_QUIT] = 'q',
                                 [CODEC_GATHER] = 'g'};
    size_t used = 0;

    line[used++] = verbs[request->verb];
    if (request->given & CODEC_MAILBOX) {
        used += (size_t)snprintf(line + used, WRITTEN_MAX - used, "  %" PRIu64,
                                 request->mailbox);
    }
    if (request->given & CODEC_TOKEN) {
        used += (size_t)snprintf(line + used, WRITTEN_MAX - used, " %s",
                                 request->token);
    }
    if (request->given & CODEC_LENGTH) {
        used += (size_t)snprintf(line + used, WRITTEN_MAX - used, " 00%" PRIu64,
                                 request->length_bytes);
    }
    used = add_option(line, used, request, CODEC_FAIL, "fail", request->fail);
    used = add_option(line, used, request, CODEC_SIZE, "size",
                      request->size_bytes);
    used = add_option(line, used, request, CODEC_TYPE, "type", request->type);
    used =
        add_option(line, used, request, CODEC_WAIT, "wait", request->wait_ms);
    used = add_option(line, used, request, CODEC_AFTER, "after",
                      request->after_version);
    used = add_option(line, used, request, CODEC_IF, "if", request->if_version);
    used =
        add_option(line, used, request, CODEC_MAX, "max", request->max_bytes);
    if (request->mode == STORE_APPEND) {
        used += (size_t)snprintf(line + used, WRITTEN_MAX - used, " at=end");
    } else {
        used = add_option(line, used, request, CODEC_AT, "at",
                          request->offset_bytes);
    }
    return used;
}

/* A token may have a zero in it, which no text can say. */
static bool
is_writable(const struct codec_request *request)
{
    return !(request->given & CODEC_TOKEN) ||
           (strlen(request->token) > 0 &&
            strlen(request->token) < CODEC_TOKEN_MAX);
}

static bool
is_equal(const struct codec_request *a, const struct codec_request *b)
{
    return a->verb == b->verb && a->given == b->given && a->mode == b->mode &&
           a->mailbox == b->mailbox && a->length_bytes == b->length_bytes &&
           a->offset_bytes == b->offset_bytes && a->max_bytes == b->max_bytes &&
           a->if_version == b->if_version &&
           a->after_version == b->after_version && a->wait_ms == b->wait_ms &&
           a->type == b->type && a->size_bytes == b->size_bytes &&
           a->fail == b->fail && !strcmp(a->token, b->token);
}

static void
check_request(decode_function *decode, const struct codec_request *request)
{
    char line[WRITTEN_MAX];
    struct codec_request again;
    struct codec_fault fault;

    assert(request->mailbox < CODEC_NUMBER_END);
    assert(request->length_bytes < CODEC_NUMBER_END);
    assert(request->offset_bytes < CODEC_NUMBER_END);
    if (is_writable(request)) {
        size_t length = write_request(request, line);
        int error = decode(line, length, &again, &fault);
        assert(!error);
        assert(is_equal(request, &again));
    }
}

static void
check_fault(const struct codec_fault *fault)
{
    char line[CODEC_ANSWER_MAX];

    assert(strlen(fault->text) > 0);
    assert(strlen(fault->text) < CODEC_TEXT_MAX);
    check_printable(fault->text);
    check_answer(line,
                 codec_encode_error(line, CODEC_BAD_REQUEST, fault->text));
}

static void
check_decode(decode_function *decode, const char *line, size_t length)
{
    struct codec_request request;
    struct codec_fault fault;

    switch (decode(line, length, &request, &fault)) {
    case 0:
        check_request(decode, &request);
        break;
    case EBADMSG:
        check_fault(&fault);
        break;
    case ENODATA:
        assert(codec_is_blank(line, length));
        break;
    default:
        abort();
    }
}

/* Whatever comes later, a line is found with its newline and not before. */
static void
check_find(const char *bytes, size_t length)
{
    size_t line = 0;
    size_t whole = 0;

    int error = codec_find_line(bytes, length, &line, &whole);
    for (size_t cut = 0; cut < length; cut++) {
        size_t line_now = 0;
        size_t whole_now = 0;
        int error_now = codec_find_line(bytes, cut, &line_now, &whole_now);
        if (!error && cut < whole) {
            assert(error_now == EAGAIN);
        } else if (!error) {
            assert(!error_now);
            assert(line_now == line);
            assert(whole_now == whole);
        } else if (error == EAGAIN) {
            assert(error_now == EAGAIN);
        } else {
            assert(error_now == EMSGSIZE || error_now == EAGAIN);
        }
    }
    if (!error) {
        assert(line <= CODEC_LINE_MAX);
        assert(whole > line);
        assert(whole <= length);
        assert(bytes[whole - 1] == '\n');
    }
}

/* A bare request is one that the decoder takes. */
static void
check_bare(const char *bytes, size_t length)
{
    struct codec_request request;
    struct codec_fault fault;

    if (codec_is_bare(bytes, length)) {
        int error = codec_decode(bytes, length, &request, &fault);
        assert(!error);
        assert(request.verb == CODEC_READ || request.verb == CODEC_QUIT);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    /* Beyond this nothing new can be said of a line. */
    if (length > 2 * CODEC_HEADER_MAX) {
        return 0;
    }
    char *bytes = copy_of((const char *)data, length);
    check_find(bytes, length);
    check_bare(bytes, length);
    if (length <= CODEC_LINE_MAX) {
        check_decode(codec_decode, bytes, length);
        check_decode(codec_decode_collected, bytes, length);
    }
    free(bytes);
    return 0;
}
