#include "resp_keyspace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "resp_commands.h"

/* The longest text of a number. */
#define NUMBER_MAX 24

/* How many keys one SCAN answers when not told otherwise, and at most. */
#define SCAN_DEFAULT 10
#define SCAN_MAX 512

/* How many mailboxes one SCAN looks at. */
#define SCAN_LOOKED_MAX 65536

/* How many keys leave in one piece of KEYS's answer. */
#define KEYS_PER_PIECE 512

/* What a look returns that tells no more of a content than that it is there. */
#define NOTHING_READ ENODATA

static int
note_value(void *context, const struct store_content *content)
{
    bool *has_value = context;

    *has_value = content->size_bytes > 0;
    return NOTHING_READ;
}

/* Errors: what the store returned */
static int
find_value(struct resp *resp, uint64_t mailbox, bool *has_value)
{
    const struct store_ops *ops = resp->store->ops;
    uint64_t version = 0;
    int error = ops->version(resp->store, mailbox, &version);

    *has_value = false;
    if (error != 0 || version == 0) {
        return error;
    }
    error = ops->inspect(resp->store, mailbox, note_value, has_value);
    return error == NOTHING_READ ? 0 : error;
}

int
resp_keyspace_count(struct resp *resp, uint64_t *count, uint64_t *failed)
{
    uint64_t i;

    *count = 0;
    for (i = 0; i < resp->store->mailboxes_count; i++) {
        bool has_value = false;
        int error = find_value(resp, i, &has_value);

        if (error != 0) {
            *failed = i;
            return error;
        }
        *count += has_value ? 1 : 0;
    }
    return 0;
}

enum resp_next
resp_keyspace_dbsize(struct resp *resp)
{
    uint64_t count = 0;
    uint64_t failed = 0;
    int error = resp_keyspace_count(resp, &count, &failed);

    if (error != 0) {
        return resp_fail(resp, error, failed);
    }
    resp_reply_integer(&resp->reply, count);
    return RESP_DONE;
}

static bool
matches(const struct resp_pattern *pattern, uint64_t mailbox)
{
    char number[NUMBER_MAX];

    (void)snprintf(number, sizeof number, "%" PRIu64, mailbox);
    return resp_pattern_matches(pattern, number);
}

static void
answer_key(struct resp *resp, uint64_t mailbox)
{
    char number[NUMBER_MAX];

    (void)snprintf(number, sizeof number, "%" PRIu64, mailbox);
    resp_reply_text(&resp->reply, number);
}

/* ---- KEYS: marked first, for their number is told before them. ---- */

static bool
is_marked(const struct resp *resp, uint64_t mailbox)
{
    return (resp->marked[mailbox / 8] >> (mailbox % 8) & 1) != 0;
}

/* Errors: ENOMEM, and what the store returned */
static int
mark_keys(struct resp *resp, const struct resp_pattern *pattern, size_t *count,
          uint64_t *failed)
{
    uint64_t i;

    *count = 0;
    resp->marked = calloc((size_t)resp->store->mailboxes_count / 8 + 1, 1);
    if (resp->marked == NULL) {
        return ENOMEM;
    }
    for (i = 0; i < resp->store->mailboxes_count; i++) {
        bool has_value = false;
        int error = matches(pattern, i) ? find_value(resp, i, &has_value) : 0;

        if (error != 0) {
            *failed = i;
            return error;
        }
        if (has_value) {
            resp->marked[i / 8] |= (unsigned char)(1U << (i % 8));
            *count += 1;
        }
    }
    return 0;
}

static enum resp_next
begin_keys(struct resp *resp)
{
    struct resp_pattern pattern;
    size_t count = 0;
    uint64_t failed = 0;
    int error;

    if (resp_word_pattern(resp, 1, &pattern) != 0) {
        return RESP_DONE;
    }
    error = mark_keys(resp, &pattern, &count, &failed);
    if (error != 0) {
        return resp_fail(resp, error, failed);
    }
    resp_reply_array(&resp->reply, count);
    return RESP_AGAIN;
}

enum resp_next
resp_keyspace_keys(struct resp *resp)
{
    const uint64_t last = resp->store->mailboxes_count;
    size_t said = 0;

    if (resp->marked == NULL) {
        return begin_keys(resp);
    }
    for (; resp->progress < last && said < KEYS_PER_PIECE; resp->progress++) {
        if (is_marked(resp, resp->progress)) {
            answer_key(resp, resp->progress);
            said++;
        }
    }
    return resp->progress < last ? RESP_AGAIN : RESP_DONE;
}

/* ---- SCAN: a cursor is the number of the next mailbox. ---- */

struct scan {
    uint64_t cursor;
    uint64_t count;
    struct resp_pattern pattern;
    bool has_type; /* TYPE named another than string */
    size_t found_count;
    uint32_t found[SCAN_MAX];
};

/* Errors: EINVAL  refused */
static int
read_count(struct resp *resp, size_t index, uint64_t *count)
{
    int64_t number = 0;

    if (resp_word_integer(resp, index, &number) != 0) {
        resp_refuse_integer(resp);
        return EINVAL;
    }
    if (number < 1) {
        resp_refuse_syntax(resp);
        return EINVAL;
    }
    *count = number < SCAN_MAX ? (uint64_t)number : SCAN_MAX;
    return 0;
}

/* Errors: EINVAL  refused */
static int
read_scan(struct resp *resp, struct scan *scan)
{
    int64_t cursor = 0;
    size_t i;

    if (resp_word_integer(resp, 1, &cursor) != 0 || cursor < 0) {
        resp_refuse(resp, "ERR invalid cursor");
        return EINVAL;
    }
    scan->cursor = (uint64_t)cursor;
    for (i = 2; i < resp->arguments.count; i += 2) {
        bool has_value = i + 1 < resp->arguments.count;
        int error = 0;

        if (has_value && resp_word_is(resp, i, "match")) {
            error = resp_word_pattern(resp, i + 1, &scan->pattern);
        } else if (has_value && resp_word_is(resp, i, "count")) {
            error = read_count(resp, i + 1, &scan->count);
        } else if (has_value && resp_word_is(resp, i, "type")) {
            scan->has_type = !resp_word_is(resp, i + 1, "string");
        } else {
            resp_refuse_syntax(resp);
            error = EINVAL;
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* Errors: what the store returned */
static int
scan_on(struct resp *resp, struct scan *scan)
{
    uint64_t last = resp->store->mailboxes_count;
    int looked;

    for (looked = 0; looked < SCAN_LOOKED_MAX && scan->cursor < last &&
                     scan->found_count < scan->count;
         looked++) {
        bool has_value = false;
        int error = find_value(resp, scan->cursor, &has_value);

        if (error != 0) {
            return error;
        }
        if (has_value && !scan->has_type &&
            matches(&scan->pattern, scan->cursor)) {
            scan->found[scan->found_count++] = (uint32_t)scan->cursor;
        }
        scan->cursor++;
    }
    if (scan->cursor >= last) {
        scan->cursor = 0;
    }
    return 0;
}

enum resp_next
resp_keyspace_scan(struct resp *resp)
{
    struct scan scan = {.count = SCAN_DEFAULT,
                        .pattern = {.bytes = "*", .length = 1}};
    size_t i;
    int error;

    if (read_scan(resp, &scan) != 0) {
        return RESP_DONE;
    }
    error = scan_on(resp, &scan);
    if (error != 0) {
        return resp_fail(resp, error, scan.cursor);
    }
    resp_reply_array(&resp->reply, 2);
    answer_key(resp, scan.cursor);
    resp_reply_array(&resp->reply, scan.found_count);
    for (i = 0; i < scan.found_count; i++) {
        answer_key(resp, scan.found[i]);
    }
    return RESP_DONE;
}

/* ---- Waiting. ---- */

/* Errors: EINVAL  refused */
static int
read_wait(struct resp *resp)
{
    struct session_wanted *wanted = &resp->conversation.wanted;
    int64_t version = 0;
    int64_t timeout_ms = 0;
    uint64_t wait_ns = resp->config->wait_max_ns;

    if (resp_mailbox(resp, 1, &wanted->mailbox) != 0) {
        return EINVAL;
    }
    if (resp_word_integer(resp, 2, &version) != 0 || version < 0) {
        resp_refuse_integer(resp);
        return EINVAL;
    }
    if (resp_word_integer(resp, 3, &timeout_ms) != 0) {
        resp_refuse(resp, "ERR timeout is not an integer or out of range");
        return EINVAL;
    }
    if (timeout_ms < 0) {
        resp_refuse(resp, "ERR timeout is negative");
        return EINVAL;
    }
    if ((uint64_t)timeout_ms < wait_ns / CLOCK_NS_PER_MS) {
        wait_ns = (uint64_t)timeout_ms * CLOCK_NS_PER_MS;
    }
    wanted->ends_with_peer = true;
    wanted->version = (uint64_t)version;
    wanted->deadline_ns = clock_add_ns(
        resp->config->clock.now_ns(resp->config->clock.context), wait_ns);
    resp->wait_error = wait_ns == 0 ? ETIMEDOUT : 0;
    return 0;
}

/* Errors: EAGAIN  not newer than the version that is known */
static int
answer_newer(void *context, const struct store_content *content)
{
    struct resp *resp = context;

    if (content->version <= resp->conversation.wanted.version) {
        return EAGAIN;
    }
    resp_reply_take_back(&resp->reply);
    resp_reply_array(&resp->reply, 2);
    resp_reply_integer(&resp->reply, content->version);
    if (content->size_bytes > 0) {
        resp_reply_bulk(&resp->reply, content->bytes, content->size_bytes);
    } else {
        resp_reply_null(&resp->reply);
    }
    return resp->reply.error;
}

static int
look_for_newer(struct resp *resp)
{
    const struct session_wanted *wanted = &resp->conversation.wanted;
    const struct store_ops *ops = resp->store->ops;
    uint64_t version = 0;
    int error = ops->version(resp->store, wanted->mailbox, &version);

    if (error != 0) {
        return error;
    }
    return version <= wanted->version
               ? EAGAIN
               : ops->inspect(resp->store, wanted->mailbox, answer_newer, resp);
}

enum resp_next
resp_keyspace_wait(struct resp *resp)
{
    struct statistics *statistics = resp->config->statistics;
    int error;

    if (resp->progress == 0 && read_wait(resp) != 0) {
        return RESP_DONE;
    }
    resp->progress = 1;
    if (resp->wait_error != 0 && resp->wait_error != ETIMEDOUT) {
        return resp_fail(resp, resp->wait_error,
                         resp->conversation.wanted.mailbox);
    }
    error = look_for_newer(resp);
    if (error == 0) {
        statistics_add(&statistics->reads, 1);
        return RESP_DONE;
    }
    if (error != EAGAIN) {
        return resp_fail(resp, error, resp->conversation.wanted.mailbox);
    }
    if (resp->wait_error == 0) {
        return RESP_WAIT;
    }
    statistics_add(&statistics->timeouts, 1);
    resp_reply_null_array(&resp->reply);
    return RESP_DONE;
}
