#include "resp_strings.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "resp_commands.h"

static bool
has_value(const struct resp_box *box)
{
    return box->size_bytes > 0;
}

static void
answer_content(struct resp *resp, const struct resp_box *box)
{
    if (has_value(box)) {
        resp_reply_bulk(&resp->reply, box->bytes, box->size_bytes);
    } else {
        resp_reply_null(&resp->reply);
    }
}

/*
 * Write; what fails is answered.
 * Errors: EFBIG, E2BIG; ENOMEM, which has spoilt the answer
 */
static int
change(struct resp *resp, struct resp_box *box, enum store_mode mode,
       uint64_t offset, struct resp_word data)
{
    int error = resp_box_write(box, mode, offset, data.bytes, data.length);

    if (error == EFBIG) {
        resp_refuse_size(resp);
    } else if (error == E2BIG) {
        resp_refuse(resp,
                    "ERR the transaction fills more than %" PRIu64
                    " bytes with zeros",
                    resp_box_filled_max(box));
    } else if (error != 0) {
        resp->reply.error = error;
    }
    return error;
}

static int
replace(struct resp *resp, struct resp_box *box, struct resp_word value)
{
    return change(resp, box, STORE_REPLACE, 0, value);
}

static int
empty(struct resp *resp, struct resp_box *box)
{
    return replace(resp, box, (struct resp_word){.bytes = ""});
}

/* ---- Reading. ---- */

void
resp_strings_get(struct resp *resp, struct resp_box *box)
{
    answer_content(resp, box);
}

void
resp_strings_strlen(struct resp *resp, struct resp_box *box)
{
    resp_reply_integer(&resp->reply, box->size_bytes);
}

void
resp_strings_type(struct resp *resp, struct resp_box *box)
{
    resp_reply_status(&resp->reply, has_value(box) ? "string" : "none");
}

/* Where a place counted from the end is, from the beginning. */
static int64_t
from_beginning(int64_t place, int64_t size)
{
    if (place >= 0) {
        return place;
    }
    return place < -size ? 0 : size + place;
}

void
resp_strings_getrange(struct resp *resp, struct resp_box *box)
{
    int64_t size = (int64_t)box->size_bytes;
    int64_t start = 0;
    int64_t end = 0;
    bool is_reverse;

    if (resp_word_integer(resp, 2, &start) != 0 ||
        resp_word_integer(resp, 3, &end) != 0) {
        resp_refuse_integer(resp);
        return;
    }
    is_reverse = start < 0 && end < 0 && start > end;
    start = from_beginning(start, size);
    end = from_beginning(end, size);
    if (end >= size) {
        end = size - 1;
    }
    if (is_reverse || start > end) {
        resp_reply_text(&resp->reply, "");
        return;
    }
    resp_reply_bulk(&resp->reply, box->bytes + start,
                    (uint64_t)(end - start + 1));
}

void
resp_strings_exists_in_box(struct resp *resp, struct resp_box *box)
{
    resp_reply_integer(&resp->reply,
                       has_value(box) ? resp_command_keys(resp) : 0);
}

void
resp_strings_mget_in_box(struct resp *resp, struct resp_box *box)
{
    size_t count = resp_command_keys(resp);
    size_t i;

    resp_reply_array(&resp->reply, count);
    for (i = 0; i < count; i++) {
        answer_content(resp, box);
    }
}

/* ---- Several mailboxes, one after the other. ---- */

static int
count_value(void *context, const struct store_content *content)
{
    uint64_t *count = context;

    *count += content->size_bytes > 0 ? 1 : 0;
    return 0;
}

enum resp_next
resp_strings_exists(struct resp *resp)
{
    size_t count = resp_command_keys(resp);
    uint64_t found = 0;
    uint64_t mailbox = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        int error;

        if (resp_mailbox(resp, resp_command_key(resp, i), &mailbox) != 0) {
            return RESP_DONE;
        }
        error = resp->store->ops->inspect(resp->store, mailbox, count_value,
                                          &found);
        if (error != 0) {
            return resp_fail(resp, error, mailbox);
        }
        statistics_add(&resp->config->statistics->reads, 1);
    }
    resp_reply_integer(&resp->reply, found);
    return RESP_DONE;
}

static int
answer_element(void *context, const struct store_content *content)
{
    struct resp *resp = context;
    struct resp_box box;

    resp_box_init(&box, content, resp->store->mailbox_bytes, NULL, NULL);
    answer_content(resp, &box);
    return resp->reply.error;
}

/* Errors: ENOENT  a key names no mailbox; refused */
static int
judge_keys(struct resp *resp)
{
    uint64_t mailbox = 0;
    size_t i;

    for (i = 0; i < resp_command_keys(resp); i++) {
        if (resp_mailbox(resp, resp_command_key(resp, i), &mailbox) != 0) {
            return ENOENT;
        }
    }
    return 0;
}

/* What cannot be read is told in place of the element. */
static enum resp_next
answer_key(struct resp *resp, size_t key)
{
    uint64_t mailbox = 0;
    int error = resp_mailbox(resp, resp_command_key(resp, key), &mailbox);

    if (error == 0) {
        error = resp->store->ops->inspect(resp->store, mailbox, answer_element,
                                          resp);
    }
    if (error != 0) {
        return resp_fail(resp, error, mailbox);
    }
    statistics_add(&resp->config->statistics->reads, 1);
    return RESP_DONE;
}

/* All keys are looked at before the first answer, one is answered a call. */
enum resp_next
resp_strings_mget(struct resp *resp)
{
    size_t count = resp_command_keys(resp);
    enum resp_next next;

    if (resp->progress == 0) {
        if (judge_keys(resp) != 0) {
            return RESP_DONE;
        }
        resp_reply_array(&resp->reply, count);
        resp_reply_mark(&resp->reply);
    }
    next = answer_key(resp, resp->progress);
    resp->progress++;
    return next == RESP_DONE && resp->progress < count ? RESP_AGAIN : next;
}

/* ---- Writing. ---- */

/* What a SET was told beside its key and value. */
struct set_options {
    bool only_new;       /* NX */
    bool only_old;       /* XX */
    bool tells_old;      /* GET */
    size_t compared;     /* IFEQ: the place of the value; 0: not given */
    bool keeps_lifetime; /* KEEPTTL: there is none, so it is kept */
};

static bool
is_expiry(const struct resp *resp, size_t index)
{
    static const char *const words[] = {"ex", "px", "exat", "pxat"};
    size_t i;

    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (resp_word_is(resp, index, words[i])) {
            return true;
        }
    }
    return false;
}

static void
refuse_expiry(struct resp *resp, size_t index)
{
    struct resp_word option = resp_word(resp, index);

    resp_refuse(resp,
                "ERR %.*s is not supported: the content of a mailbox does "
                "not expire",
                (int)option.length, option.bytes);
}

/* Errors: EINVAL  refused */
static int
read_set_option(struct resp *resp, size_t *index, struct set_options *options)
{
    if (resp_word_is(resp, *index, "nx")) {
        options->only_new = true;
    } else if (resp_word_is(resp, *index, "xx")) {
        options->only_old = true;
    } else if (resp_word_is(resp, *index, "get")) {
        options->tells_old = true;
    } else if (resp_word_is(resp, *index, "keepttl")) {
        options->keeps_lifetime = true;
    } else if (resp_word_is(resp, *index, "ifeq") && options->compared == 0 &&
               *index + 1 < resp->arguments.count) {
        *index += 1;
        options->compared = *index;
    } else if (is_expiry(resp, *index)) {
        refuse_expiry(resp, *index);
        return EINVAL;
    } else {
        resp_refuse_syntax(resp);
        return EINVAL;
    }
    return 0;
}

static int
read_set_options(struct resp *resp, struct set_options *options)
{
    size_t i;

    for (i = 3; i < resp->arguments.count; i++) {
        if (read_set_option(resp, &i, options) != 0) {
            return EINVAL;
        }
    }
    if (options->only_new + options->only_old + (options->compared != 0) > 1) {
        resp_refuse_syntax(resp);
        return EINVAL;
    }
    return 0;
}

static bool
is_equal(const struct resp_box *box, struct resp_word word)
{
    return has_value(box) && box->size_bytes == word.length &&
           memcmp(box->bytes, word.bytes, word.length) == 0;
}

static bool
may_set(const struct resp *resp, const struct resp_box *box,
        const struct set_options *options)
{
    if (options->compared != 0) {
        return is_equal(box, resp_word(resp, options->compared));
    }
    return (!options->only_new || !has_value(box)) &&
           (!options->only_old || has_value(box));
}

void
resp_strings_set(struct resp *resp, struct resp_box *box)
{
    struct set_options options = {0};
    bool may;

    if (read_set_options(resp, &options) != 0) {
        return;
    }
    if (resp_word(resp, 2).length > box->bound_bytes) {
        resp_refuse_size(resp);
        return;
    }
    may = may_set(resp, box, &options);
    if (options.tells_old) {
        answer_content(resp, box);
    } else if (may) {
        resp_reply_status(&resp->reply, "OK");
    } else {
        resp_reply_null(&resp->reply);
    }
    if (may) {
        (void)replace(resp, box, resp_word(resp, 2));
    }
}

void
resp_strings_getset(struct resp *resp, struct resp_box *box)
{
    if (resp_word(resp, 2).length > box->bound_bytes) {
        resp_refuse_size(resp);
        return;
    }
    answer_content(resp, box);
    (void)replace(resp, box, resp_word(resp, 2));
}

void
resp_strings_getdel(struct resp *resp, struct resp_box *box)
{
    answer_content(resp, box);
    if (has_value(box)) {
        (void)empty(resp, box);
    }
}

void
resp_strings_del(struct resp *resp, struct resp_box *box)
{
    if (!has_value(box)) {
        resp_reply_integer(&resp->reply, 0);
    } else if (empty(resp, box) == 0) {
        resp_reply_integer(&resp->reply, 1);
    }
}

/* All keys name one mailbox, so that the last value is what stays. */
void
resp_strings_mset(struct resp *resp, struct resp_box *box)
{
    size_t last = resp->arguments.count - 1;
    size_t i;

    for (i = 2; i < last; i += 2) {
        if (resp_word(resp, i).length > box->bound_bytes) {
            resp_refuse_size(resp);
            return;
        }
    }
    if (replace(resp, box, resp_word(resp, last)) == 0) {
        resp_reply_status(&resp->reply, "OK");
    }
}

void
resp_strings_append(struct resp *resp, struct resp_box *box)
{
    if (change(resp, box, STORE_APPEND, 0, resp_word(resp, 2)) == 0) {
        resp_reply_integer(&resp->reply, box->size_bytes);
    }
}

void
resp_strings_setrange(struct resp *resp, struct resp_box *box)
{
    struct resp_word data = resp_word(resp, 3);
    int64_t offset = 0;

    if (resp_word_integer(resp, 2, &offset) != 0) {
        resp_refuse_integer(resp);
        return;
    }
    if (offset < 0) {
        resp_refuse(resp, "ERR offset is out of range");
        return;
    }
    if (data.length > 0 &&
        change(resp, box, STORE_OVERWRITE, (uint64_t)offset, data) != 0) {
        return;
    }
    resp_reply_integer(&resp->reply, box->size_bytes);
}

/* ---- Versions. ---- */

/* Errors: EINVAL  refused */
static int
read_version(struct resp *resp, size_t index, uint64_t *version)
{
    int64_t number = 0;

    if (resp_word_integer(resp, index, &number) != 0 || number < 0) {
        resp_refuse_integer(resp);
        return EINVAL;
    }
    *version = (uint64_t)number;
    return 0;
}

/* [version, null]: nothing else is to be told. */
static void
answer_version(struct resp *resp, uint64_t version)
{
    resp_reply_array(&resp->reply, 2);
    resp_reply_integer(&resp->reply, version);
    resp_reply_null(&resp->reply);
}

/* [version, text], where a null would mean something else. */
static void
answer_both(struct resp *resp, uint64_t version, const char *bytes,
            uint64_t length)
{
    resp_reply_array(&resp->reply, 2);
    resp_reply_integer(&resp->reply, version);
    resp_reply_bulk(&resp->reply, bytes, length);
}

void
resp_strings_getwithetag(struct resp *resp, struct resp_box *box)
{
    if (has_value(box)) {
        answer_both(resp, box->version, box->bytes, box->size_bytes);
    } else if (box->version > 0) {
        answer_version(resp, box->version);
    } else {
        resp_reply_null(&resp->reply);
    }
}

void
resp_strings_getifnotmatch(struct resp *resp, struct resp_box *box)
{
    uint64_t version = 0;

    if (read_version(resp, 2, &version) != 0) {
        return;
    }
    if (box->version == version) {
        answer_version(resp, version);
    } else if (box->version > 0) {
        answer_both(resp, box->version, box->bytes, box->size_bytes);
    } else {
        resp_reply_null(&resp->reply);
    }
}

void
resp_strings_setwithetag(struct resp *resp, struct resp_box *box)
{
    if (replace(resp, box, resp_word(resp, 2)) == 0) {
        resp_reply_integer(&resp->reply, box->version);
    }
}

/* Errors: EINVAL  refused */
static int
read_setifmatch_options(struct resp *resp, bool *tells_content)
{
    size_t i;

    for (i = 4; i < resp->arguments.count; i++) {
        if (is_expiry(resp, i)) {
            refuse_expiry(resp, i);
            return EINVAL;
        }
        if (!resp_word_is(resp, i, "noget")) {
            resp_refuse_syntax(resp);
            return EINVAL;
        }
        *tells_content = false;
    }
    return 0;
}

/* The second of its answers is null exactly when it has written. */
void
resp_strings_setifmatch(struct resp *resp, struct resp_box *box)
{
    bool tells_content = true;
    uint64_t version = 0;

    if (read_version(resp, 3, &version) != 0 ||
        read_setifmatch_options(resp, &tells_content) != 0) {
        return;
    }
    if (resp_word(resp, 2).length > box->bound_bytes) {
        resp_refuse_size(resp);
        return;
    }
    if (box->version == version) {
        if (replace(resp, box, resp_word(resp, 2)) == 0) {
            answer_version(resp, box->version);
        }
        return;
    }
    resp->is_conflict = true;
    answer_both(resp, box->version, box->bytes,
                tells_content ? box->size_bytes : 0);
}
