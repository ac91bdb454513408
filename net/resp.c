#include "resp.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "resp_commands.h"
#include "resp_transaction.h"

/* Room without which no command is begun: that of an error. */
#define ROOM_MIN 1024

static size_t
command_max(const struct store *store)
{
    return (size_t)store->mailbox_bytes + RESP_INPUT_EXTRA;
}

/* ---- What the functions of commands use. ---- */

struct resp_word
resp_word(const struct resp *resp, size_t index)
{
    const struct resp_argument *place = &resp->arguments.places[index];

    assert(index < resp->arguments.count);
    return (struct resp_word){.bytes = resp->arguments.bytes + place->offset,
                              .length = place->length};
}

bool
resp_word_is(const struct resp *resp, size_t index, const char *word)
{
    struct resp_word given = resp_word(resp, index);

    return resp_is_word(given.bytes, given.length, word);
}

int
resp_word_integer(const struct resp *resp, size_t index, int64_t *number)
{
    struct resp_word given = resp_word(resp, index);

    return resp_integer(given.bytes, given.length, number);
}

int
resp_word_pattern(struct resp *resp, size_t index, struct resp_pattern *pattern)
{
    struct resp_word given = resp_word(resp, index);

    if (given.length > RESP_PATTERN_MAX) {
        resp_refuse(resp, "ERR the pattern is longer than %d bytes",
                    RESP_PATTERN_MAX);
        return EINVAL;
    }
    *pattern =
        (struct resp_pattern){.bytes = given.bytes, .length = given.length};
    return 0;
}

void
resp_refuse(struct resp *resp, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    resp_reply_error(&resp->reply, "%s", text);
    resp->is_refused = true;
}

void
resp_refuse_arity(struct resp *resp, const char *name)
{
    resp_refuse(resp, "ERR wrong number of arguments for '%s' command", name);
}

void
resp_refuse_syntax(struct resp *resp)
{
    resp_refuse(resp, "ERR syntax error");
}

void
resp_refuse_integer(struct resp *resp)
{
    resp_refuse(resp, "ERR value is not an integer or out of range");
}

void
resp_refuse_size(struct resp *resp)
{
    resp_refuse(resp,
                "ERR string exceeds maximum allowed size "
                "(proto-max-bulk-len): a mailbox holds %" PRIu64 " bytes",
                resp->store->mailbox_bytes);
}

int
resp_mailbox(struct resp *resp, size_t index, uint64_t *mailbox)
{
    struct resp_word key = resp_word(resp, index);
    int shown = key.length < 64 ? (int)key.length : 64;
    uint64_t last = resp->store->mailboxes_count - 1;

    if (resp_mailbox_of_key(key.bytes, key.length, mailbox) != 0) {
        resp_refuse(resp,
                    "ERR no such mailbox: key '%.*s' does not end in a "
                    "number from 0 to %" PRIu64 ", as 3 or mailbox:3 does",
                    shown, key.bytes, last);
        return ENOENT;
    }
    if (*mailbox > last) {
        resp_refuse(resp,
                    "ERR no such mailbox: %" PRIu64
                    " is not one of 0 to %" PRIu64,
                    *mailbox, last);
        return ENOENT;
    }
    return 0;
}

enum resp_next
resp_fail(struct resp *resp, int error, uint64_t mailbox)
{
    resp_reply_take_back(&resp->reply);
    switch (error) {
    case EBUSY:
        statistics_add(&resp->config->statistics->lock_timeouts, 1);
        resp_reply_error(&resp->reply,
                         "BUSY mailbox %" PRIu64
                         " was locked for too long: try again",
                         mailbox);
        return RESP_DONE;
    case ENOMEM:
        resp_reply_error(&resp->reply, "ERR the server is out of memory");
        return RESP_DONE;
    case ENOBUFS:
        resp_reply_error(&resp->reply,
                         "ERR the answer would be longer than %zu bytes",
                         resp->reply.output->bound_bytes);
        return RESP_DONE;
    case ECANCELED:
        resp_reply_error(&resp->reply,
                         "ERR shutting down: the server is ending");
        return RESP_CLOSE;
    default:
        break;
    }
    resp->conversation.fault = error;
    resp_reply_error(&resp->reply, "ERR internal: %s",
                     error == EINPROGRESS
                         ? "the outcome is unknown: read before you try again"
                         : "a fault in the server; its log tells more");
    return RESP_CLOSE;
}

/* ---- The conversation. ---- */

static struct resp *
of(struct conversation *conversation)
{
    return (struct resp *)conversation;
}

static const struct resp *
of_const(const struct conversation *conversation)
{
    return (const struct resp *)conversation;
}

static void
close_now(struct resp *resp)
{
    resp->state = RESP_CLOSING;
    buffer_consume(resp->input, buffer_length(resp->input));
}

/* The answers that have gathered go first, if they are many. */
static enum conversation_next
make_room(struct resp *resp)
{
    struct buffer *output = resp->reply.output;

    if (buffer_length(output) >= SESSION_OUTPUT_MIN) {
        return CONVERSATION_FULL;
    }
    if (buffer_reserve(output, ROOM_MIN) == 0) {
        return CONVERSATION_ON;
    }
    if (buffer_length(output) > 0) {
        return CONVERSATION_FULL;
    }
    resp->conversation.fault = ENOMEM;
    reply_last_words(resp->said, RESP_OUT_OF_MEMORY);
    close_now(resp);
    return CONVERSATION_OVER;
}

static void
finish_command(struct resp *resp)
{
    free(resp->marked);
    resp->marked = NULL;
    resp->conversation.finished_count++;
    buffer_consume(resp->input, resp->parser.at);
    resp_parser_next(&resp->parser);
    resp->state = RESP_COMMAND;
}

/* An answer that was spoilt for want of room is none. */
static enum resp_next
judge_answer(struct resp *resp, enum resp_next next)
{
    if (resp->reply.error != 0) {
        next = resp_fail(resp, resp->reply.error, 0);
    }
    if (resp->is_refused) {
        statistics_add(&resp->config->statistics->bad_requests, 1);
        resp->is_refused = false;
    }
    return next;
}

static enum conversation_next
go_on(struct resp *resp, enum resp_next next)
{
    switch (judge_answer(resp, next)) {
    case RESP_DONE:
        finish_command(resp);
        break;
    case RESP_AGAIN:
        resp->state = RESP_RUNNING;
        break;
    case RESP_WAIT:
        resp->state = RESP_WAITING;
        return CONVERSATION_WAIT;
    case RESP_CLOSE:
        finish_command(resp);
        close_now(resp);
        break;
    }
    return CONVERSATION_ON;
}

/* Where its words are: the input stays as it is until the command is over. */
static void
find_words(struct resp *resp)
{
    resp->arguments = (struct resp_arguments){.bytes = buffer_head(resp->input),
                                              .places = resp->parser.arguments,
                                              .count = resp->parser.count};
}

static enum conversation_next
begin_command(struct resp *resp)
{
    if (resp->parser.count == 0) {
        buffer_consume(resp->input, resp->parser.at);
        resp_parser_next(&resp->parser);
        return CONVERSATION_ON;
    }
    find_words(resp);
    resp->progress = 0;
    resp->wait_error = 0;
    resp_reply_mark(&resp->reply);
    return go_on(resp, resp_command_begin(resp));
}

static enum conversation_next
continue_command(struct resp *resp)
{
    find_words(resp);
    resp_reply_mark(&resp->reply);
    return go_on(resp, resp_command_continue(resp));
}

static void
refuse_protocol(struct resp *resp)
{
    resp_reply_mark(&resp->reply);
    resp_refuse(resp, "ERR Protocol error: %s", resp->parser.fault);
    (void)judge_answer(resp, RESP_CLOSE);
    close_now(resp);
}

/* It is refused at once; the bytes that it announced are dropped. */
static void
begin_skipping(struct resp *resp)
{
    resp_reply_mark(&resp->reply);
    if (resp->parser.bulk_left > resp->store->mailbox_bytes + strlen("\r\n")) {
        resp_refuse_size(resp);
    } else {
        resp_refuse(resp, "ERR the command is longer than %zu bytes",
                    command_max(resp->store));
    }
    (void)judge_answer(resp, RESP_DONE);
    resp_transaction_spoil(resp);
    resp->state = RESP_SKIPPING;
}

/* What is said of a command that is no command, or is not whole yet. */
static enum conversation_next
judge_parser(struct resp *resp, int error, enum conversation_rest rest)
{
    switch (error) {
    case EAGAIN:
        if (rest == CONVERSATION_END) {
            close_now(resp);
            return CONVERSATION_ON;
        }
        return CONVERSATION_STARVED;
    case EFBIG:
        begin_skipping(resp);
        break;
    case EBADMSG:
        refuse_protocol(resp);
        break;
    case EMSGSIZE: /* the refusal has been said */
        close_now(resp);
        break;
    default:
        resp->conversation.fault = error;
        resp_reply_mark(&resp->reply);
        (void)resp_fail(resp, error, 0);
        close_now(resp);
        break;
    }
    return CONVERSATION_ON;
}

static enum conversation_next
step_command(struct resp *resp, enum conversation_rest rest)
{
    enum conversation_next next = make_room(resp);
    int error;

    if (next != CONVERSATION_ON) {
        return next;
    }
    error = resp_parse(&resp->parser, buffer_bytes(resp->input),
                       buffer_length(resp->input));
    return error == 0 ? begin_command(resp) : judge_parser(resp, error, rest);
}

static enum conversation_next
step_skipping(struct resp *resp, enum conversation_rest rest)
{
    struct resp_parser *parser = &resp->parser;
    enum conversation_next next = make_room(resp);
    int error;

    if (next != CONVERSATION_ON) {
        return next;
    }
    error =
        resp_skip(parser, buffer_head(resp->input), buffer_length(resp->input));
    if (error == 0) {
        finish_command(resp);
        return CONVERSATION_ON;
    }
    buffer_consume(resp->input, parser->at);
    resp_parser_drop(parser);
    return judge_parser(resp, error, rest);
}

static enum conversation_next
step(struct conversation *conversation, enum conversation_rest rest)
{
    struct resp *resp = of(conversation);
    enum conversation_next next;

    switch (resp->state) {
    case RESP_COMMAND:
        return step_command(resp, rest);
    case RESP_RUNNING:
    case RESP_WAITING:
        next = make_room(resp);
        return next == CONVERSATION_ON ? continue_command(resp) : next;
    case RESP_SKIPPING:
        return step_skipping(resp, rest);
    case RESP_CLOSING:
        break;
    }
    return CONVERSATION_OVER;
}

static void
woken(struct conversation *conversation, int error)
{
    struct resp *resp = of(conversation);

    assert(resp->state == RESP_WAITING);
    resp->wait_error = error;
}

static bool
is_idle(const struct conversation *conversation)
{
    const struct resp *resp = of_const(conversation);

    return resp->state == RESP_COMMAND && buffer_length(resp->input) == 0;
}

/* An idle client is told nothing: it would take that for its next answer. */
static void
say_why(struct resp *resp, enum conversation_end why)
{
    resp_reply_mark(&resp->reply);
    if (resp->state == RESP_SKIPPING || is_idle(&resp->conversation)) {
        return;
    }
    if (why == CONVERSATION_UNFINISHED) {
        resp_refuse(resp,
                    "ERR Protocol error: the command was not finished "
                    "within %" PRIu64 " ms",
                    resp->config->request_timeout_ns / CLOCK_NS_PER_MS);
        (void)judge_answer(resp, RESP_CLOSE);
    } else {
        (void)resp_fail(resp, ECANCELED, 0);
    }
}

static enum conversation_next
end(struct conversation *conversation, enum conversation_end why)
{
    struct resp *resp = of(conversation);
    enum conversation_next next = make_room(resp);

    if (next == CONVERSATION_ON) {
        say_why(resp, why);
        close_now(resp);
    }
    return next;
}

static bool
is_over(const struct conversation *conversation)
{
    return of_const(conversation)->state == RESP_CLOSING;
}

static bool
is_ended_by_silence(const struct conversation *conversation)
{
    (void)conversation; /* its end is always told */
    return false;
}

static void
rest_now(struct conversation *conversation)
{
    struct resp *resp = of(conversation);

    resp_parser_rest(&resp->parser);
    buffer_rest(&resp->transaction.queue);
    buffer_cut(&resp->transaction.work, 0);
    buffer_rest(&resp->transaction.work);
}

static size_t
held_bytes(const struct conversation *conversation)
{
    const struct resp *resp = of_const(conversation);

    return resp->parser.capacity * sizeof *resp->parser.arguments +
           resp->transaction.queue.capacity_bytes +
           resp->transaction.work.capacity_bytes;
}

static void
check(const struct conversation *conversation)
{
    const struct resp *resp = of_const(conversation);

    buffer_check(&resp->transaction.queue);
    buffer_check(&resp->transaction.work);
    assert(resp->state != RESP_CLOSING ||
           buffer_length(resp->input) == 0); /* X2 */
    assert(resp->parser.at <= command_max(resp->store) + RESP_LINE_MAX);
    assert(resp->parser.count <= RESP_ARGUMENTS_MAX);
    assert(resp->marked == NULL || resp->state == RESP_RUNNING);
}

static void
destroy(struct conversation *conversation)
{
    struct resp *resp = of(conversation);

    resp_parser_fini(&resp->parser);
    buffer_fini(&resp->transaction.queue);
    buffer_fini(&resp->transaction.work);
    free(resp->marked);
    free(resp);
}

static const struct conversation_ops resp_ops = {
    .step = step,
    .woken = woken,
    .end = end,
    .is_over = is_over,
    .is_idle = is_idle,
    .is_ended_by_silence = is_ended_by_silence,
    .rest = rest_now,
    .held_bytes = held_bytes,
    .check = check,
    .destroy = destroy,
};

int
resp_create(const struct session_config *config, struct store *store,
            struct buffer *input, struct reply *reply,
            struct census_entry *entry, struct conversation **conversation)
{
    struct resp *made = calloc(1, sizeof *made);
    size_t mailbox_bytes = (size_t)store->mailbox_bytes;

    if (made == NULL) {
        return ENOMEM;
    }
    made->conversation.ops = &resp_ops;
    made->config = config;
    made->store = store;
    made->input = input;
    made->said = reply;
    made->entry = entry;
    made->state = RESP_COMMAND;
    buffer_widen(input, command_max(store) + RESP_LINE_MAX + 2);
    buffer_widen(&reply->output,
                 SESSION_OUTPUT_MIN + RESP_OUTPUT_EXTRA + mailbox_bytes);
    resp_parser_init(&made->parser, command_max(store), SESSION_DROPPED_MAX);
    resp_reply_init(&made->reply, &reply->output);
    buffer_init(&made->transaction.queue, RESP_LINE_MAX, command_max(store));
    buffer_init(&made->transaction.work, 1, mailbox_bytes);
    census_set_version(config->census, entry, made->reply.version);
    *conversation = &made->conversation;
    return 0;
}
