#include "session.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "codec.h"

/* What the buffers take when first needed, if their bounds allow. */
#define INPUT_FIRST 16384
#define OUTPUT_FIRST 2048

/* How much room is wanted for one reception. */
#define ROOM_WANTED 2048

#define WAIT_DEFAULT_MS 30000
#define NS_PER_MS 1000000

/* Room for the lines of any statistics. */
#define TEXT_MAX                                                \
    (STATISTICS_TEXT_MAX > STORE_TEXT_MAX ? STATISTICS_TEXT_MAX \
                                          : STORE_TEXT_MAX)

#define OUT_OF_MEMORY "err internal: the server is out of memory\n"

/* What the bytes at the head of the input are. */
enum state {
    STATE_HEADER,   /* a header line */
    STATE_READING,  /* the next requests; a read is under way */
    STATE_DATA,     /* the data of a framed write */
    STATE_UNFRAMED, /* the data of an unframed write */
    STATE_DROPPING, /* announced bytes of a write that was refused */
    STATE_CLOSING   /* nothing more */
};

/* How one step of the machine ended. */
enum step {
    STEP_ON,      /* there may be more to do */
    STEP_STARVED, /* more bytes must arrive first */
    STEP_FULL,    /* the output must be sent first */
    STEP_WAIT,    /* a newer version must come first */
    STEP_CLOSE
};

/* What a silence of the peer means. */
enum silence { SILENCE_NONE, SILENCE_GAP, SILENCE_REQUEST, SILENCE_IDLE };

struct session {
    const struct session_config *config; /* const after init */
    struct store *store;                 /* const after init */
    struct buffer input;
    struct buffer output;
    const char *last_words; /* sent after the output; constant text */
    enum state state;
    struct codec_request request; /* all states but HEADER and CLOSING */
    uint64_t dropped_bytes;       /* DROPPING: still to come */
    uint64_t discarded_bytes;     /* UNFRAMED: received and thrown away */
    int refusal;                  /* UNFRAMED: why the write will fail */
    uint64_t wait_ns;             /* READING: after capping */
    uint64_t wait_deadline_ns;    /* READING */
    int wait_error;               /* READING: how the last wait ended */
    size_t header_guess_bytes;    /* how long a read's answer line will be */
    uint64_t quiet_since_ns;      /* when bytes last came or went */
    uint64_t begun_ns;            /* when the request under way began */
    uint64_t deadline_ns;         /* RECEIVE: when silence means `due` */
    enum silence due;
    enum silence silence; /* has come to mean this */
    bool is_begun;
    bool is_sending; /* until all output is sent */
    bool is_ended;   /* the peer sends no more */
    bool is_stopping;
    int fault;
};

int
session_create(const struct session_config *config, struct store *store,
               struct session **session)
{
    size_t input_bound = CODEC_HEADER_MAX + config->packet_bytes;
    struct session *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return ENOMEM;
    }
    s->config = config;
    s->store = store;
    buffer_init(&s->input, INPUT_FIRST, input_bound);
    buffer_init(&s->output, OUTPUT_FIRST,
                SESSION_OUTPUT_MIN + config->packet_bytes);
    s->state = STATE_HEADER;
    s->deadline_ns = SESSION_FOREVER;
    s->quiet_since_ns = config->clock.now_ns(config->clock.context);
    *session = s;
    return 0;
}

void
session_destroy(struct session *session)
{
    buffer_fini(&session->input);
    buffer_fini(&session->output);
    free(session);
}

static uint64_t
now_ns(const struct session *s)
{
    return s->config->clock.now_ns(s->config->clock.context);
}

/* A time so much later, or never. */
static uint64_t
later(uint64_t time_ns, uint64_t more_ns)
{
    return more_ns > SESSION_FOREVER - time_ns ? SESSION_FOREVER
                                               : time_ns + more_ns;
}

static size_t
smallest(size_t a, uint64_t b, uint64_t c)
{
    uint64_t smaller = b < c ? b : c;

    return smaller < a ? (size_t)smaller : a;
}

static bool
has_output(const struct session *s)
{
    return buffer_length(&s->output) > 0 || s->last_words != NULL;
}

static void
begin_header(struct session *s)
{
    s->state = STATE_HEADER;
    s->is_begun = false;
}

static void
begin_closing(struct session *s)
{
    s->state = STATE_CLOSING;
    buffer_consume(&s->input, buffer_length(&s->input));
}

/*
 * Have room in the output for an answer line and data_bytes of data, before
 * anything is done that the answer will tell of (N4).  When there is no
 * memory, what has gathered is sent first; then a constant text must do.
 */
static enum step
make_room(struct session *s, size_t data_bytes)
{
    int error = buffer_reserve(&s->output, CODEC_ANSWER_MAX + data_bytes);

    if (error == 0) {
        return STEP_ON;
    }
    if (buffer_length(&s->output) > 0) {
        return STEP_FULL;
    }
    assert(error == ENOMEM);
    s->fault = error;
    s->last_words = OUT_OF_MEMORY;
    begin_closing(s);
    return STEP_CLOSE;
}

/* Context: make_room succeeded. */
static void
answer_ok(struct session *s)
{
    buffer_append(&s->output, codec_encode_ok(buffer_tail(&s->output), 0));
}

static void
answer_view(struct session *s, const struct store_view *view)
{
    buffer_append(&s->output,
                  codec_encode_view(buffer_tail(&s->output), 0, view));
}

static void
count_error(struct session *s, enum codec_error error)
{
    struct statistics *statistics = s->config->statistics;

    if (error == CODEC_BAD_REQUEST) {
        statistics_add(&statistics->bad_requests, 1);
    } else if (error == CODEC_CONFLICT) {
        statistics_add(&statistics->conflicts, 1);
    } else if (error == CODEC_BUSY) {
        statistics_add(&statistics->lock_timeouts, 1);
    }
}

__attribute__((format(printf, 4, 5))) static void
answer_error(struct session *s, enum codec_error error, uint64_t version,
             const char *format, ...)
{
    char text[CODEC_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append(&s->output, codec_encode_error(buffer_tail(&s->output), error,
                                                 version, text));
    count_error(s, error);
}

static void
answer_too_large(struct session *s)
{
    if (s->request.length_bytes > s->config->packet_bytes) {
        answer_error(s, CODEC_TOO_LARGE, 0,
                     "%" PRIu64 " bytes are more than a packet of %zu",
                     s->request.length_bytes, s->config->packet_bytes);
    } else {
        answer_error(s, CODEC_TOO_LARGE, 0,
                     "the content would be longer than a mailbox of %" PRIu64
                     " bytes",
                     s->store->mailbox_bytes);
    }
}

static void
answer_fault(struct session *s, int error)
{
    s->fault = error;
    answer_error(s, CODEC_INTERNAL, 0, "%s",
                 error == EINPROGRESS
                     ? "the outcome is unknown: read before you try again"
                     : "a fault in the server; its log tells more");
}

/*
 * Answer what a store's operation returned, and take the next header or
 * close.  Context: make_room succeeded.
 */
static void
fail(struct session *s, int error, const struct store_view *view)
{
    begin_header(s);
    switch (error) {
    case ENOENT:
        answer_error(s, CODEC_NO_SUCH_MAILBOX, 0,
                     "mailbox %" PRIu64 " is not one of 0 to %" PRIu64,
                     s->request.mailbox, s->store->mailboxes_count - 1);
        return;
    case ESTALE:
        answer_error(s, CODEC_CONFLICT, view->version,
                     "expected version %" PRIu64, s->request.if_version);
        return;
    case EFBIG:
        answer_too_large(s);
        return;
    case EBUSY:
        answer_error(s, CODEC_BUSY, 0,
                     "mailbox %" PRIu64 " was locked for too long: try again",
                     s->request.mailbox);
        return;
    case ECANCELED:
        answer_error(s, CODEC_SHUTTING_DOWN, 0, "the server is ending");
        break;
    default:
        answer_fault(s, error);
        break;
    }
    begin_closing(s);
}

static bool
has_mailbox(const struct session *s)
{
    return s->request.mailbox < s->store->mailboxes_count;
}

static enum step
begin_read(struct session *s)
{
    uint64_t wait_ms = (s->request.given & CODEC_WAIT) != 0 ? s->request.wait_ms
                                                            : WAIT_DEFAULT_MS;

    if (!has_mailbox(s)) {
        fail(s, ENOENT, NULL);
        return STEP_ON;
    }
    s->wait_ns = s->config->wait_max_ns;
    if (wait_ms < s->wait_ns / NS_PER_MS) {
        s->wait_ns = wait_ms * NS_PER_MS;
    }
    s->wait_deadline_ns = 0;
    if ((s->request.given & CODEC_AFTER) != 0) {
        s->wait_deadline_ns = later(now_ns(s), s->wait_ns);
    }
    s->wait_error = 0;
    s->state = STATE_READING;
    return STEP_ON;
}

/* There is nothing newer: wait (again), or say so. */
static enum step
wait_or_give_up(struct session *s)
{
    if (s->wait_error == 0 && s->wait_ns > 0) {
        return STEP_WAIT;
    }
    statistics_add(&s->config->statistics->timeouts, 1);
    answer_error(s, CODEC_TIMEOUT, 0,
                 "nothing newer than version %" PRIu64 " in %" PRIu64 " ms",
                 s->request.after_version, s->wait_ns / NS_PER_MS);
    begin_header(s);
    return STEP_ON;
}

/*
 * Read straight into the output, after a line whose length is guessed: the
 * numbers in it are known only afterwards, and seldom change their length.
 * Context: make_room succeeded, for most_bytes of data.
 */
static enum step
read_now(struct session *s, size_t most_bytes)
{
    struct store_read read = {.mailbox = s->request.mailbox,
                              .offset_bytes = s->request.offset_bytes,
                              .max_bytes = most_bytes,
                              .if_version = s->request.if_version};
    char *tail = buffer_tail(&s->output);
    char *data = tail + s->header_guess_bytes;
    char line[CODEC_ANSWER_MAX];
    struct store_view view = {0};
    size_t line_bytes;
    int error = s->store->ops->read(s->store, &read, data, &view);

    if (error != 0) {
        fail(s, error, &view);
        return STEP_ON;
    }
    if ((s->request.given & CODEC_AFTER) != 0 &&
        view.version <= s->request.after_version) {
        return wait_or_give_up(s);
    }
    assert(view.length_bytes <= most_bytes);
    line_bytes = codec_encode_view(line, view.length_bytes, &view);
    if (line_bytes != s->header_guess_bytes) {
        memmove(tail + line_bytes, data, view.length_bytes);
        s->header_guess_bytes = line_bytes;
    }
    memcpy(tail, line, line_bytes);
    buffer_append(&s->output, line_bytes + view.length_bytes);
    statistics_add(&s->config->statistics->reads, 1);
    begin_header(s);
    return STEP_ON;
}

static enum step
step_reading(struct session *s)
{
    size_t most_bytes = smallest(s->config->packet_bytes, s->request.max_bytes,
                                 s->store->mailbox_bytes);
    uint64_t version = 0;
    enum step step = make_room(s, 0);
    int error = s->wait_error == ETIMEDOUT ? 0 : s->wait_error;

    if (step != STEP_ON) {
        return step;
    }
    if ((s->request.given & CODEC_AFTER) != 0) {
        if (error == 0) {
            error =
                s->store->ops->version(s->store, s->request.mailbox, &version);
        }
        if (error != 0) {
            fail(s, error, NULL);
            return STEP_ON;
        }
        if (version <= s->request.after_version) {
            return wait_or_give_up(s);
        }
    }
    step = make_room(s, most_bytes);
    return step == STEP_ON ? read_now(s, most_bytes) : step;
}

/* True when a content would outgrow its mailbox, as far as is known yet. */
static bool
is_too_long(const struct session *s)
{
    uint64_t offset = 0;

    if (s->request.mode == STORE_OVERWRITE) {
        offset = s->request.offset_bytes;
    }
    return s->request.length_bytes > 0 &&
           (offset > s->store->mailbox_bytes ||
            s->request.length_bytes > s->store->mailbox_bytes - offset);
}

/* What can be said of a framed write before its data is here. */
static int
judge_write(struct session *s, struct store_view *view)
{
    int error;

    if (!has_mailbox(s)) {
        return ENOENT;
    }
    if (s->request.length_bytes > s->config->packet_bytes || is_too_long(s)) {
        return EFBIG;
    }
    if (s->request.if_version == STORE_ANY_VERSION) {
        return 0;
    }
    error =
        s->store->ops->version(s->store, s->request.mailbox, &view->version);
    if (error == 0 && view->version != s->request.if_version) {
        return ESTALE;
    }
    return error;
}

/* A write was refused before its announced data was received. */
static void
begin_dropping(struct session *s, uint64_t dropped_bytes)
{
    if (s->state == STATE_CLOSING || dropped_bytes > SESSION_DROPPED_MAX) {
        begin_closing(s);
        return;
    }
    s->dropped_bytes = dropped_bytes;
    s->state = STATE_DROPPING;
}

static enum step
begin_write(struct session *s)
{
    struct store_view view = {0};
    int error;

    if ((s->request.given & CODEC_LENGTH) == 0) {
        s->discarded_bytes = 0;
        s->refusal = has_mailbox(s) ? 0 : ENOENT;
        s->state = STATE_UNFRAMED;
        return STEP_ON;
    }
    error = judge_write(s, &view);
    if (error == 0) {
        s->state = STATE_DATA;
        return STEP_ON;
    }
    fail(s, error, &view);
    begin_dropping(s, s->request.length_bytes);
    return STEP_ON;
}

/* Context: make_room succeeded; the data is at the head of the input. */
static void
write_now(struct session *s)
{
    struct store_write write = {.mailbox = s->request.mailbox,
                                .mode = s->request.mode,
                                .offset_bytes = s->request.offset_bytes,
                                .if_version = s->request.if_version,
                                .data = buffer_head(&s->input),
                                .length_bytes =
                                    (size_t)s->request.length_bytes};
    struct store_view view = {0};
    int error = s->store->ops->write(s->store, &write, &view);

    buffer_consume(&s->input, write.length_bytes);
    if (error != 0) {
        fail(s, error, &view);
        return;
    }
    answer_view(s, &view);
    statistics_add(&s->config->statistics->writes, 1);
    begin_header(s);
}

static enum step
step_data(struct session *s)
{
    size_t length = buffer_length(&s->input);
    enum step step;

    if (length < s->request.length_bytes && !s->is_ended) {
        return STEP_STARVED;
    }
    step = make_room(s, 0);
    if (step != STEP_ON) {
        return step;
    }
    if (length < s->request.length_bytes) {
        answer_error(s, CODEC_BAD_REQUEST, 0,
                     "the request was cut short: %zu of %" PRIu64
                     " bytes of data arrived",
                     length, s->request.length_bytes);
        begin_closing(s);
        return STEP_ON;
    }
    write_now(s);
    return STEP_ON;
}

static enum step
step_unframed(struct session *s)
{
    size_t length = buffer_length(&s->input);
    enum step step;

    s->request.length_bytes = s->discarded_bytes + length;
    if (length > s->config->packet_bytes && s->refusal == 0) {
        s->refusal = EFBIG;
    }
    if (s->refusal != 0) {
        s->discarded_bytes += length;
        buffer_consume(&s->input, length);
    }
    if (!s->is_ended && s->silence != SILENCE_GAP) {
        return STEP_STARVED;
    }
    step = make_room(s, 0);
    if (step != STEP_ON) {
        return step;
    }
    s->silence = SILENCE_NONE;
    if (s->refusal != 0) {
        fail(s, s->refusal, NULL);
    } else {
        write_now(s);
    }
    return STEP_ON;
}

static enum step
step_dropping(struct session *s)
{
    size_t length =
        smallest(buffer_length(&s->input), s->dropped_bytes, s->dropped_bytes);

    buffer_consume(&s->input, length);
    s->dropped_bytes -= length;
    if (s->dropped_bytes == 0) {
        begin_header(s);
    } else if (s->is_ended) {
        begin_closing(s);
    } else {
        return STEP_STARVED;
    }
    return STEP_ON;
}

/* Context: make_room succeeded, for TEXT_MAX bytes of data. */
static enum step
answer_statistics(struct session *s)
{
    char text[TEXT_MAX];
    size_t length = 0;
    int error = 0;

    if ((s->request.given & CODEC_MAILBOX) == 0) {
        length = statistics_encode(s->config->statistics, now_ns(s), text);
    } else if (!has_mailbox(s)) {
        error = ENOENT;
    } else {
        error = s->store->ops->describe(s->store, s->request.mailbox, text,
                                        sizeof text, &length);
    }
    if (error != 0) {
        fail(s, error, NULL);
        return STEP_ON;
    }
    buffer_append(&s->output, codec_encode_ok(buffer_tail(&s->output), length));
    memcpy(buffer_tail(&s->output), text, length);
    buffer_append(&s->output, length);
    begin_header(s);
    return STEP_ON;
}

static enum step
begin_request(struct session *s)
{
    switch (s->request.verb) {
    case CODEC_READ:
        return begin_read(s);
    case CODEC_WRITE:
        return begin_write(s);
    case CODEC_STATISTICS:
        return answer_statistics(s);
    case CODEC_QUIT:
        break;
    }
    answer_ok(s);
    begin_closing(s);
    return STEP_ON;
}

/* The header line is no request. */
static void
refuse_line(struct session *s, const struct codec_fault *fault)
{
    answer_error(s, CODEC_BAD_REQUEST, 0, "%s", fault->text);
    switch (fault->fate) {
    case CODEC_LINE_ENDED:
        begin_header(s);
        break;
    case CODEC_DATA_FOLLOWS:
        begin_dropping(s, fault->dropped_bytes);
        break;
    case CODEC_OUT_OF_STEP:
        begin_closing(s);
        break;
    }
}

/* Context: make_room succeeded, for TEXT_MAX bytes of data. */
static enum step
take_line(struct session *s, size_t line_bytes, size_t whole_bytes)
{
    struct codec_fault fault;
    int error =
        codec_decode(buffer_head(&s->input), line_bytes, &s->request, &fault);

    s->silence = SILENCE_NONE;
    buffer_consume(&s->input, whole_bytes);
    if (error == ENODATA) {
        begin_header(s);
    } else if (error != 0) {
        refuse_line(s, &fault);
    } else {
        return begin_request(s);
    }
    return STEP_ON;
}

/* The input is the beginning of a line, or empty. */
static enum step
step_part_of_line(struct session *s)
{
    const char *bytes = buffer_head(&s->input);
    size_t length = buffer_length(&s->input);
    enum step step;

    if (!s->is_ended && s->silence != SILENCE_GAP) {
        return STEP_STARVED;
    }
    if (codec_is_blank(bytes, length)) {
        begin_closing(s);
        return STEP_ON;
    }
    step = make_room(s, TEXT_MAX);
    if (step != STEP_ON) {
        return step;
    }
    if (codec_is_bare(bytes, length)) {
        return take_line(s, length, length);
    }
    answer_error(s, CODEC_BAD_REQUEST, 0,
                 "the request was cut short: no newline ends its header");
    begin_closing(s);
    return STEP_ON;
}

static enum step
step_header(struct session *s)
{
    size_t line_bytes = 0;
    size_t whole_bytes = 0;
    enum step step;
    int error =
        codec_find_line(buffer_head(&s->input), buffer_length(&s->input),
                        &line_bytes, &whole_bytes);

    if (error == EAGAIN) {
        return step_part_of_line(s);
    }
    step = make_room(s, TEXT_MAX);
    if (step != STEP_ON) {
        return step;
    }
    if (error == 0) {
        return take_line(s, line_bytes, whole_bytes);
    }
    answer_error(s, CODEC_BAD_REQUEST, 0,
                 "the header line is longer than %d bytes", CODEC_LINE_MAX);
    begin_closing(s);
    return STEP_ON;
}

/* True when a request has begun and its answer is still owed. */
static bool
owes_an_answer(const struct session *s)
{
    switch (s->state) {
    case STATE_HEADER:
        return !codec_is_blank(buffer_head(&s->input),
                               buffer_length(&s->input));
    case STATE_READING:
    case STATE_DATA:
    case STATE_UNFRAMED:
        return true;
    case STATE_DROPPING:
    case STATE_CLOSING:
        break;
    }
    return false;
}

static void
answer_late(struct session *s)
{
    answer_error(s, CODEC_BAD_REQUEST, 0,
                 "the request was not finished within %" PRIu64 " ms",
                 s->config->request_timeout_ns / NS_PER_MS);
}

/* The server is ending, or the peer was silent for too long. */
static enum step
step_farewell(struct session *s)
{
    enum step step = make_room(s, 0);

    if (step != STEP_ON) {
        return step;
    }
    if (s->is_stopping) {
        if (owes_an_answer(s)) {
            answer_error(s, CODEC_SHUTTING_DOWN, 0, "the server is ending");
        }
    } else if (s->silence == SILENCE_IDLE) {
        answer_error(s, CODEC_TIMEOUT, 0, "idle for longer than %" PRIu64 " ms",
                     s->config->idle_timeout_ns / NS_PER_MS);
    } else if (s->state != STATE_DROPPING) {
        answer_late(s);
    }
    begin_closing(s);
    return STEP_ON;
}

static enum step
take_step(struct session *s)
{
    bool is_over = s->is_stopping || s->silence == SILENCE_REQUEST ||
                   s->silence == SILENCE_IDLE;

    if (is_over && s->state != STATE_CLOSING) {
        return step_farewell(s);
    }
    switch (s->state) {
    case STATE_HEADER:
        return step_header(s);
    case STATE_READING:
        return step_reading(s);
    case STATE_DATA:
        return step_data(s);
    case STATE_UNFRAMED:
        return step_unframed(s);
    case STATE_DROPPING:
        return step_dropping(s);
    case STATE_CLOSING:
        break;
    }
    return STEP_CLOSE;
}

/* True when silence will end what has arrived. */
static bool
is_ended_by_gap(const struct session *s)
{
    if (s->state == STATE_UNFRAMED) {
        return s->request.length_bytes > 0;
    }
    return s->state == STATE_HEADER &&
           codec_is_bare(buffer_head(&s->input), buffer_length(&s->input));
}

/* Say how long to receive, and what silence until then means. */
static void
set_deadline(struct session *s)
{
    uint64_t gap_ns = later(s->quiet_since_ns, s->config->gap_ns);

    if (s->state == STATE_HEADER && buffer_length(&s->input) == 0) {
        s->deadline_ns = later(s->quiet_since_ns, s->config->idle_timeout_ns);
        s->due = SILENCE_IDLE;
        return;
    }
    if (!s->is_begun) {
        s->is_begun = true;
        s->begun_ns = now_ns(s);
    }
    s->deadline_ns = later(s->begun_ns, s->config->request_timeout_ns);
    s->due = SILENCE_REQUEST;
    if (gap_ns <= s->deadline_ns && is_ended_by_gap(s)) {
        s->deadline_ns = gap_ns;
        s->due = SILENCE_GAP;
    }
}

/* Assert N2 and what every state promises. */
static void
check(const struct session *s)
{
    buffer_check(&s->input);
    buffer_check(&s->output);
    assert(s->input.bound_bytes == CODEC_HEADER_MAX + s->config->packet_bytes);
    assert(s->output.bound_bytes ==
           SESSION_OUTPUT_MIN + s->config->packet_bytes);
    assert(s->state != STATE_CLOSING || buffer_length(&s->input) == 0);
    assert(s->header_guess_bytes <= CODEC_ANSWER_MAX);
}

enum session_next
session_advance(struct session *session)
{
    enum step step = STEP_ON;

    if (session->is_sending) {
        return SESSION_SEND;
    }
    /* Every step that says STEP_ON consumes input or changes the state. */
    while (step == STEP_ON) {
        step = take_step(session);
    }
    check(session);
    if (has_output(session)) {
        session->is_sending = true;
        return SESSION_SEND;
    }
    switch (step) {
    case STEP_STARVED:
        set_deadline(session);
        return SESSION_RECEIVE;
    case STEP_WAIT:
        return SESSION_WAIT;
    case STEP_ON:
    case STEP_FULL:
        assert(false);
        break;
    case STEP_CLOSE:
        break;
    }
    return SESSION_CLOSE;
}

int
session_room(struct session *session, void **room, size_t *room_bytes)
{
    struct buffer *input = &session->input;
    size_t wanted = smallest(
        ROOM_WANTED, input->bound_bytes - buffer_length(input), SIZE_MAX);

    assert(wanted > 0);
    if (buffer_reserve(input, wanted) != 0 && buffer_reserve(input, 1) != 0) {
        return ENOMEM;
    }
    *room = buffer_tail(input);
    *room_bytes = buffer_room(input);
    return 0;
}

void
session_received(struct session *session, size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    session->silence = SILENCE_NONE;
    session->quiet_since_ns = now_ns(session);
    statistics_add(&session->config->statistics->bytes_in, bytes);
    if (session->state != STATE_CLOSING) {
        buffer_append(&session->input, bytes);
    }
}

void
session_ended(struct session *session)
{
    session->is_ended = true;
}

uint64_t
session_deadline_ns(const struct session *session)
{
    return session->deadline_ns;
}

void
session_expired(struct session *session)
{
    assert(session->deadline_ns != SESSION_FOREVER);
    session->silence = session->due;
}

bool
session_is_in_gap(const struct session *session)
{
    return session->due == SILENCE_GAP;
}

void
session_output(const struct session *session, const void **data,
               size_t *length_bytes)
{
    *data = buffer_head(&session->output);
    *length_bytes = buffer_length(&session->output);
    if (*length_bytes == 0 && session->last_words != NULL) {
        *data = session->last_words;
        *length_bytes = strlen(session->last_words);
    }
}

void
session_sent(struct session *session, size_t bytes)
{
    statistics_add(&session->config->statistics->bytes_out, bytes);
    if (buffer_length(&session->output) > 0) {
        buffer_consume(&session->output, bytes);
    } else if (session->last_words != NULL) {
        assert(bytes <= strlen(session->last_words));
        session->last_words += bytes;
        if (*session->last_words == '\0') {
            session->last_words = NULL;
        }
    }
    if (!has_output(session)) {
        session->is_sending = false;
        session->quiet_since_ns = now_ns(session);
    }
}

struct session_wanted
session_wanted(const struct session *session)
{
    return (struct session_wanted){.mailbox = session->request.mailbox,
                                   .version = session->request.after_version,
                                   .deadline_ns = session->wait_deadline_ns};
}

void
session_woken(struct session *session, int error)
{
    session->wait_error = error;
}

void
session_stop(struct session *session)
{
    session->is_stopping = true;
}

void
session_rest(struct session *session)
{
    buffer_rest(&session->input);
    buffer_rest(&session->output);
}

size_t
session_held_bytes(const struct session *session)
{
    return session->input.capacity_bytes + session->output.capacity_bytes;
}

int
session_fault(const struct session *session)
{
    return session->fault;
}

const char *
session_refusal(void)
{
    return "err busy: the server has all the clients it takes: "
           "try again later\n";
}
