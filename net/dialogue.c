#include "dialogue.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "clock.h"

#define WAIT_DEFAULT_MS 30000

/* Room for the lines of any statistics. */
#define TEXT_MAX STATISTICS_TEXT_MAX
static_assert(TEXT_MAX >= STORE_TEXT_MAX, "a mailbox's fit as well");

#define OUT_OF_MEMORY "err internal: the server is out of memory\n"

void
dialogue_close(struct dialogue *d)
{
    d->state = DIALOGUE_CLOSING;
    buffer_consume(d->input, buffer_length(d->input));
}

enum conversation_next
dialogue_make_room(struct dialogue *d, size_t data_bytes)
{
    switch (reply_make_room(d->reply, data_bytes)) {
    case 0:
        return CONVERSATION_ON;
    case EAGAIN:
        return CONVERSATION_FULL;
    default:
        break;
    }
    d->conversation.fault = ENOMEM;
    reply_last_words(d->reply, OUT_OF_MEMORY);
    dialogue_close(d);
    return CONVERSATION_OVER;
}

static uint64_t
now_ns(const struct dialogue *d)
{
    return d->config->clock.now_ns(d->config->clock.context);
}

/* The lesser of the two, which fits a size because the first does. */
static size_t
at_most(size_t size, uint64_t limit)
{
    return limit < size ? (size_t)limit : size;
}

static void
begin_header(struct dialogue *d)
{
    d->state = DIALOGUE_HEADER;
    d->conversation.finished_count++;
}

static void
answer_too_large(struct dialogue *d)
{
    if (d->request.length_bytes > d->config->packet_bytes) {
        reply_error(d->reply, CODEC_TOO_LARGE,
                    "%" PRIu64 " bytes are more than a packet of %zu",
                    d->request.length_bytes, d->config->packet_bytes);
    } else {
        reply_error(d->reply, CODEC_TOO_LARGE,
                    "the content would be longer than a mailbox of %" PRIu64
                    " bytes",
                    d->store->mailbox_bytes);
    }
}

static void
answer_fault(struct dialogue *d, int error)
{
    d->conversation.fault = error;
    reply_error(d->reply, CODEC_INTERNAL, "%s",
                error == EINPROGRESS
                    ? "the outcome is unknown: read before you try again"
                    : "a fault in the server; its log tells more");
}

static bool
is_collector(const struct dialogue *d)
{
    return d->store->ops->begin != NULL;
}

/*
 * Answer what a collector's operation returned.  It ends the connection,
 * whatever it was: a result with a piece refused must never become complete.
 */
static void
fail_collecting(struct dialogue *d, int error)
{
    const uint64_t which = d->request.mailbox;

    switch (error) {
    case ENOENT:
        reply_error(d->reply, CODEC_NO_SUCH_MAILBOX,
                    "child %" PRIu64 " is not one of 0 to %" PRIu64, which,
                    d->store->mailboxes_count - 1);
        break;
    case EACCES:
        reply_error(d->reply, CODEC_DENIED,
                    d->request.verb == CODEC_GATHER
                        ? "that is not the token of child %" PRIu64
                        : "this connection has not begun as child %" PRIu64,
                    which);
        break;
    case EALREADY:
        reply_error(d->reply, CODEC_DENIED,
                    "child %" PRIu64 " has begun before", which);
        break;
    case ENOTSUP:
        reply_error(d->reply, CODEC_BAD_REQUEST,
                    "a result only grows: w <which> <length> at=end");
        break;
    case EFBIG:
        if (d->request.length_bytes > d->config->packet_bytes) {
            answer_too_large(d);
        } else {
            reply_error(d->reply, CODEC_TOO_LARGE,
                        "the result is longer than is taken (--max-result)");
        }
        break;
    case EMSGSIZE:
        reply_error(d->reply, CODEC_TOO_LARGE,
                    "the result is longer than was announced");
        break;
    case ENODATA:
        reply_error(d->reply, CODEC_BAD_REQUEST,
                    "the result is shorter than was announced");
        break;
    case ECANCELED:
        reply_error(d->reply, CODEC_SHUTTING_DOWN,
                    "no more results are awaited");
        break;
    default:
        answer_fault(d, error);
        break;
    }
    dialogue_close(d);
}

/*
 * Answer what a store's operation returned, and take the next header or
 * close.  Context: room was made.
 */
static void
fail(struct dialogue *d, int error)
{
    begin_header(d);
    if (is_collector(d)) {
        fail_collecting(d, error);
        return;
    }
    switch (error) {
    case ENOENT:
        reply_error(d->reply, CODEC_NO_SUCH_MAILBOX,
                    "mailbox %" PRIu64 " is not one of 0 to %" PRIu64,
                    d->request.mailbox, d->store->mailboxes_count - 1);
        return;
    case EFBIG:
        answer_too_large(d);
        return;
    case EBUSY:
        reply_error(d->reply, CODEC_BUSY,
                    "mailbox %" PRIu64 " was locked for too long: try again",
                    d->request.mailbox);
        return;
    case ECANCELED:
        reply_error(d->reply, CODEC_SHUTTING_DOWN, "the server is ending");
        break;
    default:
        answer_fault(d, error);
        break;
    }
    dialogue_close(d);
}

/* The same for an operation that compares versions; the mailbox's is this. */
static void
fail_at(struct dialogue *d, int error, uint64_t version)
{
    if (error == ESTALE) {
        begin_header(d);
        reply_conflict(d->reply, version, d->request.if_version);
    } else {
        fail(d, error);
    }
}

static bool
has_mailbox(const struct dialogue *d)
{
    return d->request.mailbox < d->store->mailboxes_count;
}

static enum conversation_next
begin_read(struct dialogue *d)
{
    uint64_t wait_ms = (d->request.given & CODEC_WAIT) != 0 ? d->request.wait_ms
                                                            : WAIT_DEFAULT_MS;

    if (!has_mailbox(d)) {
        fail(d, ENOENT);
        return CONVERSATION_ON;
    }
    d->wait_ns = d->config->wait_max_ns;
    if (wait_ms <= d->wait_ns / CLOCK_NS_PER_MS) {
        d->wait_ns = wait_ms * CLOCK_NS_PER_MS;
    }
    if ((d->request.given & CODEC_AFTER) != 0) {
        d->conversation.wanted = (struct session_wanted){
            .mailbox = d->request.mailbox,
            .version = d->request.after_version,
            .deadline_ns = clock_add_ns(now_ns(d), d->wait_ns)};
    }
    d->wait_error = 0;
    d->state = DIALOGUE_READING;
    return CONVERSATION_ON;
}

/* There is nothing newer: wait (again), or say so. */
static enum conversation_next
wait_or_give_up(struct dialogue *d)
{
    if (d->wait_error == 0 && d->wait_ns > 0) {
        return CONVERSATION_WAIT;
    }
    statistics_add(&d->config->statistics->timeouts, 1);
    reply_error(d->reply, CODEC_TIMEOUT,
                "nothing newer than version %" PRIu64 " in %" PRIu64 " ms",
                d->request.after_version, d->wait_ns / CLOCK_NS_PER_MS);
    begin_header(d);
    return CONVERSATION_ON;
}

/* Context: room was made for most_bytes of data. */
static enum conversation_next
read_now(struct dialogue *d, size_t most_bytes)
{
    struct store_read read = {.mailbox = d->request.mailbox,
                              .offset_bytes = d->request.offset_bytes,
                              .max_bytes = most_bytes,
                              .if_version = d->request.if_version};
    struct store_view view = {0};
    int error =
        d->store->ops->read(d->store, &read, reply_data(d->reply), &view);

    if (error != 0) {
        fail_at(d, error, view.version);
        return CONVERSATION_ON;
    }
    if ((d->request.given & CODEC_AFTER) != 0 &&
        view.version <= d->request.after_version) {
        return wait_or_give_up(d);
    }
    assert(view.length_bytes <= most_bytes);
    reply_read(d->reply, &view);
    statistics_add(&d->config->statistics->reads, 1);
    begin_header(d);
    return CONVERSATION_ON;
}

/*
 * A read that wants a newer version: CONVERSATION_ON when there is one (or when
 * the read has been answered already).  Context: room was made.
 */
static enum conversation_next
look_for_newer(struct dialogue *d)
{
    uint64_t version = 0;
    int error = d->wait_error == ETIMEDOUT ? 0 : d->wait_error;

    if (error == 0) {
        error = d->store->ops->version(d->store, d->request.mailbox, &version);
    }
    if (error != 0) {
        fail(d, error);
        return CONVERSATION_ON;
    }
    return version > d->request.after_version ? CONVERSATION_ON
                                              : wait_or_give_up(d);
}

static enum conversation_next
step_reading(struct dialogue *d)
{
    size_t most_bytes =
        at_most(at_most(d->config->packet_bytes, d->request.max_bytes),
                d->store->mailbox_bytes);
    enum conversation_next next = dialogue_make_room(d, 0);

    if (next == CONVERSATION_ON && (d->request.given & CODEC_AFTER) != 0) {
        next = look_for_newer(d);
    }
    if (next != CONVERSATION_ON || d->state != DIALOGUE_READING) {
        return next;
    }
    next = dialogue_make_room(d, most_bytes);
    return next == CONVERSATION_ON ? read_now(d, most_bytes) : next;
}

/* True when a content would outgrow its mailbox, as far as is known yet. */
static bool
is_too_long(const struct dialogue *d)
{
    uint64_t offset = 0;

    if (d->request.mode == STORE_OVERWRITE) {
        offset = d->request.offset_bytes;
    }
    return d->request.length_bytes > 0 &&
           (offset > d->store->mailbox_bytes ||
            d->request.length_bytes > d->store->mailbox_bytes - offset);
}

/* What can be said of a framed write before its data is here. */
static int
judge_write(struct dialogue *d, struct store_view *view)
{
    int error;

    if (!has_mailbox(d)) {
        return ENOENT;
    }
    if (d->request.length_bytes > d->config->packet_bytes || is_too_long(d)) {
        return EFBIG;
    }
    if (d->request.if_version == STORE_ANY_VERSION) {
        return 0;
    }
    error =
        d->store->ops->version(d->store, d->request.mailbox, &view->version);
    if (error == 0 && view->version != d->request.if_version) {
        return ESTALE;
    }
    return error;
}

/* A write was refused before its announced data was received. */
static void
begin_dropping(struct dialogue *d, uint64_t dropped_bytes)
{
    if (d->state == DIALOGUE_CLOSING || dropped_bytes > SESSION_DROPPED_MAX) {
        dialogue_close(d);
        return;
    }
    d->dropped_bytes = dropped_bytes;
    d->state = DIALOGUE_DROPPING;
}

static enum conversation_next
begin_write(struct dialogue *d)
{
    struct store_view view = {0};
    int error;

    if ((d->request.given & CODEC_LENGTH) == 0 && !is_collector(d)) {
        d->discarded_bytes = 0;
        d->refusal = has_mailbox(d) ? 0 : ENOENT;
        d->state = DIALOGUE_UNFRAMED;
        return CONVERSATION_ON;
    }
    error = is_collector(d) && d->request.mode != STORE_APPEND
                ? ENOTSUP
                : judge_write(d, &view);
    if (error == 0) {
        d->state = DIALOGUE_DATA;
        return CONVERSATION_ON;
    }
    fail_at(d, error, view.version);
    /* Its data belongs to it, and is still to come. */
    d->conversation.finished_count--;
    begin_dropping(d, d->request.length_bytes);
    return CONVERSATION_ON;
}

/* Context: room was made; the data is at the head of the input. */
static void
write_now(struct dialogue *d)
{
    struct store_write write = {.mailbox = d->request.mailbox,
                                .mode = d->request.mode,
                                .offset_bytes = d->request.offset_bytes,
                                .if_version = d->request.if_version,
                                .data = buffer_head(d->input),
                                .length_bytes =
                                    (size_t)d->request.length_bytes};
    struct store_view view = {0};
    int error = d->store->ops->write(d->store, &write, &view);

    buffer_consume(d->input, write.length_bytes);
    if (error != 0) {
        fail_at(d, error, view.version);
        return;
    }
    reply_view(d->reply, &view);
    statistics_add(&d->config->statistics->writes, 1);
    begin_header(d);
}

static enum conversation_next
step_data(struct dialogue *d, enum conversation_rest rest)
{
    size_t length = buffer_length(d->input);
    enum conversation_next next;

    if (length < d->request.length_bytes && rest != CONVERSATION_END) {
        return CONVERSATION_STARVED;
    }
    next = dialogue_make_room(d, 0);
    if (next != CONVERSATION_ON) {
        return next;
    }
    if (length < d->request.length_bytes) {
        reply_error(d->reply, CODEC_BAD_REQUEST,
                    "the request was cut short: %zu of %" PRIu64
                    " bytes of data arrived",
                    length, d->request.length_bytes);
        dialogue_close(d);
        return CONVERSATION_ON;
    }
    write_now(d);
    return CONVERSATION_ON;
}

static enum conversation_next
step_unframed(struct dialogue *d, enum conversation_rest rest)
{
    size_t length = buffer_length(d->input);
    enum conversation_next next;

    d->request.length_bytes = d->discarded_bytes + length;
    if (length > d->config->packet_bytes && d->refusal == 0) {
        d->refusal = EFBIG;
    }
    if (d->refusal != 0) {
        d->discarded_bytes += length;
        buffer_consume(d->input, length);
    }
    if (rest == CONVERSATION_UNKNOWN) {
        return CONVERSATION_STARVED;
    }
    next = dialogue_make_room(d, 0);
    if (next != CONVERSATION_ON) {
        return next;
    }
    if (d->refusal != 0) {
        fail(d, d->refusal);
    } else {
        write_now(d);
    }
    return CONVERSATION_ON;
}

static enum conversation_next
step_dropping(struct dialogue *d, enum conversation_rest rest)
{
    size_t length = at_most(buffer_length(d->input), d->dropped_bytes);

    buffer_consume(d->input, length);
    d->dropped_bytes -= length;
    if (d->dropped_bytes == 0) {
        begin_header(d);
    } else if (rest == CONVERSATION_END) {
        dialogue_close(d);
    } else {
        return CONVERSATION_STARVED;
    }
    return CONVERSATION_ON;
}

/* Context: room was made for TEXT_MAX bytes of data. */
static enum conversation_next
answer_statistics(struct dialogue *d)
{
    char text[TEXT_MAX];
    size_t length = 0;
    int error = 0;

    if ((d->request.given & CODEC_MAILBOX) == 0) {
        length = statistics_encode(d->config->statistics, now_ns(d), text);
    } else if (!has_mailbox(d)) {
        error = ENOENT;
    } else {
        error = d->store->ops->describe(d->store, d->request.mailbox, text,
                                        sizeof text, &length);
    }
    if (error != 0) {
        fail(d, error);
        return CONVERSATION_ON;
    }
    reply_ok(d->reply, text, length);
    begin_header(d);
    return CONVERSATION_ON;
}

/* A child says whose result follows, or that there will be none. */
static enum conversation_next
begin_result(struct dialogue *d)
{
    const struct store_opening opening = {.which = d->request.mailbox,
                                          .token = d->request.token,
                                          .type = d->request.type,
                                          .size_bytes = d->request.size_bytes,
                                          .fail = d->request.fail};
    int error = d->store->ops->begin(d->store, &opening);

    if (error != 0) {
        fail(d, error);
        return CONVERSATION_ON;
    }
    d->has_begun = true;
    reply_ok(d->reply, NULL, 0);
    begin_header(d);
    if (opening.fail != 0) {
        dialogue_close(d);
    }
    return CONVERSATION_ON;
}

static enum conversation_next
quit(struct dialogue *d)
{
    int error = is_collector(d) ? d->store->ops->finish(d->store) : 0;

    if (error != 0) {
        fail(d, error);
    } else {
        reply_ok(d->reply, NULL, 0);
    }
    dialogue_close(d);
    return CONVERSATION_ON;
}

static enum conversation_next
begin_request(struct dialogue *d)
{
    switch (d->request.verb) {
    case CODEC_READ:
        return begin_read(d);
    case CODEC_WRITE:
        return begin_write(d);
    case CODEC_STATISTICS:
        return answer_statistics(d);
    case CODEC_GATHER:
        return begin_result(d);
    case CODEC_QUIT:
        break;
    }
    return quit(d);
}

/* The header line is no request. */
static void
refuse_line(struct dialogue *d, const struct codec_fault *fault)
{
    reply_error(d->reply, CODEC_BAD_REQUEST, "%s", fault->text);
    if (is_collector(d)) {
        dialogue_close(d);
        return;
    }
    switch (fault->fate) {
    case CODEC_LINE_ENDED:
        begin_header(d);
        break;
    case CODEC_DATA_FOLLOWS:
        begin_dropping(d, fault->dropped_bytes);
        break;
    case CODEC_OUT_OF_STEP:
        dialogue_close(d);
        break;
    }
}

/* Context: room was made. */
static enum conversation_next
take_line(struct dialogue *d, size_t line_bytes, size_t whole_bytes)
{
    struct codec_fault fault;
    const char *line = buffer_head(d->input);
    int error =
        is_collector(d)
            ? codec_decode_collected(line, line_bytes, &d->request, &fault)
            : codec_decode(line, line_bytes, &d->request, &fault);

    buffer_consume(d->input, whole_bytes);
    if (error == ENODATA) {
        begin_header(d);
    } else if (error != 0) {
        refuse_line(d, &fault);
    } else {
        return begin_request(d);
    }
    return CONVERSATION_ON;
}

/* The input is the beginning of a line, or empty. */
static enum conversation_next
step_part_of_line(struct dialogue *d, enum conversation_rest rest)
{
    const char *bytes = buffer_head(d->input);
    size_t length = buffer_length(d->input);
    enum conversation_next next;

    if (rest == CONVERSATION_UNKNOWN) {
        return CONVERSATION_STARVED;
    }
    if (codec_is_blank(bytes, length)) {
        dialogue_close(d);
        return CONVERSATION_ON;
    }
    next = dialogue_make_room(d, TEXT_MAX);
    if (next != CONVERSATION_ON) {
        return next;
    }
    if (codec_is_bare(bytes, length)) {
        return take_line(d, length, length);
    }
    reply_error(d->reply, CODEC_BAD_REQUEST,
                "the request was cut short: no newline ends its header");
    dialogue_close(d);
    return CONVERSATION_ON;
}

static enum conversation_next
step_header(struct dialogue *d, enum conversation_rest rest)
{
    size_t line_bytes = 0;
    size_t whole_bytes = 0;
    enum conversation_next next;
    int error = codec_find_line(buffer_head(d->input), buffer_length(d->input),
                                &line_bytes, &whole_bytes);

    if (error == EAGAIN) {
        return step_part_of_line(d, rest);
    }
    next = dialogue_make_room(d, TEXT_MAX);
    if (next != CONVERSATION_ON) {
        return next;
    }
    if (error == 0) {
        return take_line(d, line_bytes, whole_bytes);
    }
    reply_error(d->reply, CODEC_BAD_REQUEST,
                "the header line is longer than %d bytes", CODEC_LINE_MAX);
    dialogue_close(d);
    return CONVERSATION_ON;
}

enum conversation_next
dialogue_step(struct dialogue *d, enum conversation_rest rest)
{
    switch (d->state) {
    case DIALOGUE_HEADER:
        return step_header(d, rest);
    case DIALOGUE_READING:
        return step_reading(d);
    case DIALOGUE_DATA:
        return step_data(d, rest);
    case DIALOGUE_UNFRAMED:
        return step_unframed(d, rest);
    case DIALOGUE_DROPPING:
        return step_dropping(d, rest);
    case DIALOGUE_CLOSING:
        break;
    }
    return CONVERSATION_OVER;
}

void
dialogue_woken(struct dialogue *d, int error)
{
    assert(d->state == DIALOGUE_READING);
    d->wait_error = error;
}

bool
dialogue_owes_an_answer(const struct dialogue *d)
{
    switch (d->state) {
    case DIALOGUE_HEADER:
        return !codec_is_blank(buffer_head(d->input), buffer_length(d->input));
    case DIALOGUE_READING:
    case DIALOGUE_DATA:
    case DIALOGUE_UNFRAMED:
        return true;
    case DIALOGUE_DROPPING:
    case DIALOGUE_CLOSING:
        break;
    }
    return false;
}

bool
dialogue_is_idle(const struct dialogue *d)
{
    return d->state == DIALOGUE_HEADER && buffer_length(d->input) == 0 &&
           (d->has_begun || !is_collector(d));
}

bool
dialogue_is_ended_by_silence(const struct dialogue *d)
{
    if (d->state == DIALOGUE_UNFRAMED) {
        return d->request.length_bytes > 0;
    }
    return d->state == DIALOGUE_HEADER &&
           codec_is_bare(buffer_head(d->input), buffer_length(d->input));
}

void
dialogue_check(const struct dialogue *d)
{
    assert(d->input->bound_bytes == CODEC_HEADER_MAX + d->config->packet_bytes);
    assert(d->state != DIALOGUE_CLOSING || buffer_length(d->input) == 0);
    assert(d->state != DIALOGUE_DROPPING ||
           d->dropped_bytes <= SESSION_DROPPED_MAX);
    assert(d->state != DIALOGUE_DATA ||
           d->request.length_bytes <= d->config->packet_bytes);
}

static struct dialogue *
of(struct conversation *conversation)
{
    return (struct dialogue *)conversation;
}

static const struct dialogue *
of_const(const struct conversation *conversation)
{
    return (const struct dialogue *)conversation;
}

static enum conversation_next
step(struct conversation *conversation, enum conversation_rest rest)
{
    return dialogue_step(of(conversation), rest);
}

static void
woken(struct conversation *conversation, int error)
{
    dialogue_woken(of(conversation), error);
}

static void
say_why(struct dialogue *d, enum conversation_end why)
{
    switch (why) {
    case CONVERSATION_STOPPED:
        if (dialogue_owes_an_answer(d)) {
            reply_error(d->reply, CODEC_SHUTTING_DOWN, "the server is ending");
        }
        break;
    case CONVERSATION_IDLE:
        reply_error(d->reply, CODEC_TIMEOUT,
                    "idle for longer than %" PRIu64 " ms",
                    d->config->idle_timeout_ns / CLOCK_NS_PER_MS);
        break;
    case CONVERSATION_UNFINISHED:
        if (d->state != DIALOGUE_DROPPING) {
            reply_error(d->reply, CODEC_BAD_REQUEST,
                        "the request was not finished within %" PRIu64 " ms",
                        d->config->request_timeout_ns / CLOCK_NS_PER_MS);
        }
        break;
    }
}

static enum conversation_next
end(struct conversation *conversation, enum conversation_end why)
{
    enum conversation_next next = dialogue_make_room(of(conversation), 0);

    if (next == CONVERSATION_ON) {
        say_why(of(conversation), why);
        dialogue_close(of(conversation));
    }
    return next;
}

static bool
is_over(const struct conversation *conversation)
{
    return of_const(conversation)->state == DIALOGUE_CLOSING;
}

static bool
is_idle(const struct conversation *conversation)
{
    return dialogue_is_idle(of_const(conversation));
}

static bool
is_ended_by_silence(const struct conversation *conversation)
{
    return dialogue_is_ended_by_silence(of_const(conversation));
}

static void
rest_now(struct conversation *conversation)
{
    (void)conversation; /* it has no memory of its own */
}

static size_t
held_bytes(const struct conversation *conversation)
{
    (void)conversation;
    return 0;
}

static void
check(const struct conversation *conversation)
{
    dialogue_check(of_const(conversation));
}

static void
destroy(struct conversation *conversation)
{
    (void)conversation; /* in its owner's memory */
}

static const struct conversation_ops dialogue_ops = {
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

void
dialogue_init(struct dialogue *dialogue, const struct session_config *config,
              struct store *store, struct buffer *input, struct reply *reply)
{
    *dialogue = (struct dialogue){.conversation = {.ops = &dialogue_ops},
                                  .config = config,
                                  .store = store,
                                  .input = input,
                                  .reply = reply,
                                  .state = DIALOGUE_HEADER};
}
