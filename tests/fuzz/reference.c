#include "reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX 255
#define DROPPED_MAX ((uint64_t)16 << 20)
#define NUMBER_MAX ((uint64_t)INT64_MAX)
#define WAIT_MS 30000
#define WORDS_MAX 130

/* A line, taken apart. */
struct line {
    char text[LINE_MAX + 1];
    char *words[WORDS_MAX];
    size_t count;
};

/* The options of a request. */
struct options {
    bool has_at, has_max, has_if, has_after, has_wait, at_end;
    uint64_t at, max, version, after, wait;
};

void
reference_init(struct reference *r, uint64_t now_ms)
{
    memset(r->mailboxes, 0, sizeof r->mailboxes);
    r->answers_count = 0;
    r->begin = r->end = r->dropping = 0;
    r->ended = r->waited = r->judged = false;
    r->wait_until_ms = 0;
    r->doing = REFERENCE_READING;
    r->now_ms = r->quiet_ms = now_ms;
    r->begun_ms = REFERENCE_NEVER;
}

static struct reference_answer *
answer(struct reference *r, const char *line)
{
    struct reference_answer *made = &r->answers[r->answers_count++];

    (void)snprintf(made->line, sizeof made->line, "%s", line);
    made->length = 0;
    r->quiet_ms = r->now_ms;
    return made;
}

static void
close_it(struct reference *r)
{
    r->doing = REFERENCE_CLOSED;
    r->begin = r->end;
}

static void
fail_and_close(struct reference *r, const char *line)
{
    answer(r, line);
    close_it(r);
}

static void
answer_conflict(struct reference *r, uint64_t version)
{
    char line[64];

    (void)snprintf(line, sizeof line, "err conflict version=%" PRIu64, version);
    answer(r, line);
}

static void
answer_view(struct reference *r, uint64_t m, const char *data, size_t length)
{
    char line[96];
    const struct reference_mailbox *mailbox = &r->mailboxes[m];

    (void)snprintf(line, sizeof line, "ok %zu version=%" PRIu64 " size=%zu",
                   length, mailbox->version, mailbox->size);
    struct reference_answer *made = answer(r, line);
    memcpy(made->data, data, length);
    made->length = length;
}

static bool
is_number(const char *word, uint64_t *number)
{
    uint64_t value = 0;

    if (*word == '\0') {
        return false;
    }
    for (; *word; word++) {
        if (*word < '0' || *word > '9') {
            return false;
        }
        /* One digit more must leave it at or below the most. */
        if (value > NUMBER_MAX / 10 ||
            value * 10 > NUMBER_MAX - (uint64_t)(*word - '0')) {
            return false;
        }
        value = value * 10 + (uint64_t)(*word - '0');
    }
    *number = value;
    return true;
}

static void
split(struct line *line, const char *bytes, size_t length)
{
    memcpy(line->text, bytes, length);
    line->text[length] = '\0';
    line->count = 0;
    /* A zero is a byte like any other that no request has in it. */
    for (size_t i = 0; i < length; i++) {
        if (line->text[i] == '\0') {
            line->text[i] = '?';
        }
    }
    for (char *at = line->text; *at;) {
        if (*at == ' ') {
            *at++ = '\0';
            continue;
        }
        line->words[line->count++] = at;
        while (*at && *at != ' ') {
            at++;
        }
    }
}

static bool
set(bool *has, uint64_t *to, const char *value)
{
    if (*has) {
        return false;
    }
    *has = true;
    return is_number(value, to);
}

/* The options from this word on; false: one of them is wrong. */
static bool
read_options(const struct line *line, size_t from, char verb, struct options *o)
{
    bool fine = true;

    *o = (struct options){0};
    for (size_t i = from; i < line->count; i++) {
        const char *word = line->words[i];
        if (!strncmp(word, "at=", 3) && verb == 'w' &&
            !strcmp(word + 3, "end")) {
            fine &= !o->has_at;
            o->has_at = o->at_end = true;
        } else if (!strncmp(word, "at=", 3)) {
            fine &= set(&o->has_at, &o->at, word + 3);
        } else if (!strncmp(word, "if=", 3)) {
            fine &= set(&o->has_if, &o->version, word + 3);
        } else if (!strncmp(word, "max=", 4) && verb == 'r') {
            fine &= set(&o->has_max, &o->max, word + 4);
        } else if (!strncmp(word, "after=", 6) && verb == 'r') {
            fine &= set(&o->has_after, &o->after, word + 6);
        } else if (!strncmp(word, "wait=", 5) && verb == 'r') {
            fine &= set(&o->has_wait, &o->wait, word + 5);
        } else {
            return false;
        }
    }
    return fine && !(o->has_wait && !o->has_after);
}

/* What a read that need not wait (any more) is answered. */
static void
answer_read(struct reference *r, uint64_t m, const struct options *o)
{
    const struct reference_mailbox *mailbox = &r->mailboxes[m];
    size_t length = 0;

    if (o->has_if && mailbox->version != o->version) {
        answer_conflict(r, mailbox->version);
        return;
    }
    if (o->at < mailbox->size) {
        length = mailbox->size - (size_t)o->at;
    }
    if (length > REFERENCE_PACKET_BYTES) {
        length = REFERENCE_PACKET_BYTES;
    }
    if (o->has_max && length > o->max) {
        length = (size_t)o->max;
    }
    answer_view(r, m, mailbox->content + (length ? o->at : 0), length);
}

/* False: it waits, and its line is still to be dealt with. */
static bool
read_mailbox(struct reference *r, const struct line *line)
{
    struct options o;
    uint64_t m;

    if (line->count < 2 || !is_number(line->words[1], &m) ||
        !read_options(line, 2, 'r', &o)) {
        answer(r, "err bad-request");
        return true;
    }
    if (m >= REFERENCE_MAILBOXES) {
        answer(r, "err no-such-mailbox");
        return true;
    }
    if (o.has_after && r->mailboxes[m].version <= o.after) {
        uint64_t wait = o.has_wait ? o.wait : WAIT_MS;
        if (wait > 0 && !r->waited) {
            r->doing = REFERENCE_WAITING;
            r->awaited_mailbox = m;
            r->awaited_version = o.after;
            if (r->wait_until_ms == 0) {
                r->wait_until_ms = r->now_ms + (wait < REFERENCE_WAIT_MAX_MS
                                                    ? wait
                                                    : REFERENCE_WAIT_MAX_MS);
            }
            return false;
        }
        answer(r, "err timeout");
        return true;
    }
    answer_read(r, m, &o);
    return true;
}

/* What a write makes too large, as far as the mailbox's content matters. */
static bool
is_too_long(const struct reference_mailbox *mailbox, const struct options *o,
            uint64_t length)
{
    uint64_t at = o->at_end ? mailbox->size : o->at;

    return length > 0 && (at > REFERENCE_MAILBOX_BYTES ||
                          length > REFERENCE_MAILBOX_BYTES - at);
}

static void
store(struct reference_mailbox *mailbox, const struct options *o,
      const char *data, size_t length)
{
    size_t at = o->at_end ? mailbox->size : length > 0 ? (size_t)o->at : 0;

    if (!o->has_at) {
        mailbox->size = 0;
    }
    while (length > 0 && mailbox->size < at + length) {
        mailbox->content[mailbox->size++] = '\0';
    }
    if (length > 0) {
        memcpy(mailbox->content + at, data, length);
    }
    mailbox->version++;
}

/* Answer an error at once, and want nothing of the data that was announced. */
static void
drop(struct reference *r, uint64_t length)
{
    if (length > DROPPED_MAX) {
        close_it(r);
    } else {
        r->dropping = (size_t)length;
    }
}

/* False: its data is not here yet, and nothing was answered. */
static bool
write_framed(struct reference *r, const struct line *line, size_t whole)
{
    struct options o;
    uint64_t m = 0;
    uint64_t length = 0;

    (void)is_number(line->words[1], &m);
    if (!is_number(line->words[2], &length)) {
        fail_and_close(r, "err bad-request");
        return true;
    }
    r->begin += whole;
    if (!read_options(line, 3, 'w', &o)) {
        answer(r, "err bad-request");
        drop(r, length);
        return true;
    }
    if (m >= REFERENCE_MAILBOXES) {
        answer(r, "err no-such-mailbox");
        drop(r, length);
        return true;
    }
    struct reference_mailbox *mailbox = &r->mailboxes[m];
    if (length > REFERENCE_PACKET_BYTES ||
        (!o.at_end && is_too_long(mailbox, &o, length))) {
        answer(r, "err too-large");
        drop(r, length);
        return true;
    }
    /* A conflict is told at once, and judged again when all is here. */
    if (!r->judged && o.has_if && o.version != mailbox->version) {
        answer_conflict(r, mailbox->version);
        drop(r, length);
        return true;
    }
    if (r->end - r->begin < length) {
        if (r->ended) {
            fail_and_close(r, "err bad-request");
            return true;
        }
        r->begin -= whole;
        r->judged = true;
        return false;
    }
    if (o.has_if && o.version != mailbox->version) {
        answer_conflict(r, mailbox->version);
    } else if (is_too_long(mailbox, &o, length)) {
        answer(r, "err too-large");
    } else {
        store(mailbox, &o, r->input + r->begin, (size_t)length);
        answer_view(r, m, "", 0);
    }
    r->begin += (size_t)length;
    return true;
}

/* False: it is not known yet where its data ends. */
static bool
write_unframed(struct reference *r, const struct line *line, size_t whole,
               bool is_silent)
{
    static const struct options none;
    uint64_t m = 0;
    size_t length = r->end - r->begin - whole;

    (void)is_number(line->words[1], &m);
    if (!r->ended && !(is_silent && length > 0)) {
        return false;
    }
    if (m >= REFERENCE_MAILBOXES) {
        answer(r, "err no-such-mailbox");
    } else if (length > REFERENCE_PACKET_BYTES ||
               length > REFERENCE_MAILBOX_BYTES) {
        answer(r, "err too-large");
    } else {
        store(&r->mailboxes[m], &none, r->input + r->begin + whole, length);
        answer_view(r, m, "", 0);
    }
    r->begin = r->end;
    return true;
}

static bool
is_write(const struct line *line)
{
    uint64_t m;

    return !strcmp(line->words[0], "w") && line->count >= 2 &&
           is_number(line->words[1], &m);
}

/* False: something is missing, and nothing was done. */
static bool
do_line(struct reference *r, const struct line *line, size_t whole,
        bool is_silent)
{
    const char *verb = line->words[0];
    uint64_t m;

    if (is_write(line)) {
        return line->count == 2 ? write_unframed(r, line, whole, is_silent)
                                : write_framed(r, line, whole);
    }
    if (!strcmp(verb, "w")) {
        fail_and_close(r, "err bad-request");
        return true;
    }
    if (!strcmp(verb, "r")) {
        if (!read_mailbox(r, line)) {
            return false;
        }
    } else if (line->count > 2 ||
               (line->count == 2 && !is_number(line->words[1], &m)) ||
               (strcmp(verb, "s") != 0 && strcmp(verb, "q") != 0)) {
        answer(r, "err bad-request");
    } else if (!strcmp(verb, "q")) {
        fail_and_close(r, "ok 0");
        return true;
    } else if (line->count == 2 && m >= REFERENCE_MAILBOXES) {
        answer(r, "err no-such-mailbox");
    } else {
        answer(r, "*");
    }
    r->begin += whole;
    return true;
}

/* Exactly "r <mailbox>", "q" or "q <mailbox>", with nothing behind it. */
static bool
is_bare(const char *bytes, size_t length)
{
    char text[32];
    uint64_t m;

    if (length == 1 && bytes[0] == 'q') {
        return true;
    }
    if (length < 3 || (bytes[0] != 'r' && bytes[0] != 'q') || bytes[1] != ' ') {
        return false;
    }
    /* Leading zeros may make it long. */
    size_t first = 2;
    while (first + 1 < length && bytes[first] == '0') {
        first++;
    }
    if (length - first >= sizeof text) {
        return false;
    }
    memcpy(text, bytes + first, length - first);
    text[length - first] = '\0';
    return strlen(text) == length - first && is_number(text, &m);
}

static bool
is_blank(const char *bytes, size_t length)
{
    size_t i = 0;

    while (i < length && bytes[i] == ' ') {
        i++;
    }
    return i == length || (i + 1 == length && bytes[i] == '\r');
}

/* What is there is no whole line: false, unless it is taken for one. */
static bool
do_part(struct reference *r, bool is_silent)
{
    const char *here = r->input + r->begin;
    size_t length = r->end - r->begin;
    struct line line;

    if (!r->ended && !is_silent) {
        return false;
    }
    if (r->ended && is_blank(here, length)) {
        close_it(r);
        return true;
    }
    if (is_bare(here, length)) {
        split(&line, here, length);
        return do_line(r, &line, length, is_silent);
    }
    if (r->ended) {
        fail_and_close(r, "err bad-request");
        return true;
    }
    return false;
}

/* One request more; false: there is none yet. */
static bool
do_one(struct reference *r, bool is_silent)
{
    const char *here = r->input + r->begin;
    size_t length = r->end - r->begin;
    struct line line;

    const char *newline = length ? memchr(here, '\n', length) : NULL;
    size_t text = newline ? (size_t)(newline - here) : length;
    size_t whole = text + 1;
    bool has_return = text > 0 && here[text - 1] == '\r';
    if (text - (has_return && (newline || text == LINE_MAX + 1)) > LINE_MAX) {
        fail_and_close(r, "err bad-request");
        return true;
    }
    if (!newline) {
        return do_part(r, is_silent);
    }
    split(&line, here, text - has_return);
    if (line.count == 0) {
        r->begin += whole;
        return true;
    }
    return do_line(r, &line, whole, is_silent);
}

static bool
drop_some(struct reference *r)
{
    size_t length = r->end - r->begin;

    if (length > r->dropping) {
        length = r->dropping;
    }
    r->begin += length;
    r->dropping -= length;
    if (r->dropping > 0 && r->ended) {
        close_it(r);
    }
    return r->dropping == 0;
}

/* All that can be done now. */
static void
go_on(struct reference *r, bool is_silent)
{
    bool on = r->doing == REFERENCE_READING;

    while (on) {
        on = r->dropping > 0 ? drop_some(r) : do_one(r, is_silent);
        on = on && r->doing == REFERENCE_READING;
        if (on) {
            is_silent = r->waited = r->judged = false;
            r->wait_until_ms = 0;
        }
        /* A new request begins when the one before it is done, to its last
         * byte. */
        if (on && r->dropping == 0) {
            r->begun_ms = REFERENCE_NEVER;
        }
    }
    if (r->doing != REFERENCE_READING) {
        r->begun_ms = REFERENCE_NEVER;
    } else if ((r->begin < r->end || r->dropping > 0) &&
               r->begun_ms == REFERENCE_NEVER) {
        r->begun_ms = r->now_ms;
    }
}

void
reference_receive(struct reference *r, const char *bytes, size_t length)
{
    memcpy(r->input + r->end, bytes, length);
    r->end += length;
    r->quiet_ms = r->now_ms;
    go_on(r, false);
}

void
reference_end(struct reference *r)
{
    r->ended = true;
    go_on(r, false);
}

static bool
is_unframed(const struct reference *r)
{
    const char *here = r->input + r->begin;
    size_t length = r->end - r->begin;
    struct line line;

    const char *newline = length ? memchr(here, '\n', length) : NULL;
    if (r->dropping > 0 || !newline) {
        return false;
    }
    size_t text = (size_t)(newline - here);
    split(&line, here, text - (text > 0 && here[text - 1] == '\r'));
    return line.count == 2 && is_write(&line) && text + 1 < length;
}

/* Silence now, for the gap, would be the end of a request. */
static bool
may_end_in_silence(const struct reference *r)
{
    return is_unframed(r) || (r->dropping == 0 &&
                              is_bare(r->input + r->begin, r->end - r->begin));
}

static bool
is_idle(const struct reference *r)
{
    return r->begin == r->end && r->dropping == 0;
}

uint64_t
reference_deadline_ms(const struct reference *r)
{
    uint64_t deadline = r->begun_ms + REFERENCE_REQUEST_MS;
    uint64_t gap = r->quiet_ms + REFERENCE_GAP_MS;

    if (is_idle(r)) {
        return r->quiet_ms + REFERENCE_IDLE_MS;
    }
    return may_end_in_silence(r) && gap < deadline ? gap : deadline;
}

void
reference_expire(struct reference *r)
{
    if (is_idle(r)) {
        fail_and_close(r, "err timeout");
    } else if (may_end_in_silence(r) &&
               r->quiet_ms + REFERENCE_GAP_MS <=
                   r->begun_ms + REFERENCE_REQUEST_MS) {
        go_on(r, true);
    } else if (r->dropping > 0) {
        close_it(r);
    } else {
        fail_and_close(r, "err bad-request");
    }
}

void
reference_put(struct reference *r, uint64_t m, const char *bytes, size_t length)
{
    static const struct options none;

    store(&r->mailboxes[m], &none, bytes, length);
}

void
reference_wake(struct reference *r, bool in_vain)
{
    r->waited = in_vain;
    r->doing = REFERENCE_READING;
    go_on(r, false);
}

void
reference_stop(struct reference *r)
{
    if (r->doing == REFERENCE_CLOSED) {
        return;
    }
    if (r->doing == REFERENCE_WAITING || r->dropping > 0 ||
        !is_blank(r->input + r->begin, r->end - r->begin)) {
        if (r->dropping == 0) {
            answer(r, "err shutting-down");
        }
    }
    close_it(r);
}
