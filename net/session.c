#include "session.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "buffer.h"
#include "clock.h"
#include "dialogue.h"
#include "reply.h"

/* What the input takes when first needed, if its bound allows. */
#define INPUT_FIRST 16384

/* How much room is wanted for one reception. */
#define ROOM_WANTED 2048

/* What a silence of the peer means. */
enum silence { SILENCE_NONE, SILENCE_GAP, SILENCE_REQUEST, SILENCE_IDLE };

struct session {
    const struct session_config *config; /* const after init */
    struct buffer input;
    struct reply reply;
    struct dialogue dialogue;
    uint64_t quiet_since_ns; /* when bytes last came or went */
    uint64_t begun_ns;       /* when the request under way began, */
    uint64_t begun_count;    /* and how many were finished then */
    uint64_t deadline_ns;    /* RECEIVE: when silence means `due` */
    enum silence due;
    enum silence silence; /* has come to mean this */
    bool is_sending;      /* until all output is sent */
    bool is_ended;        /* the peer sends no more */
    bool is_stopping;
};

int
session_create(const struct session_config *config, struct store *store,
               struct session **session)
{
    struct session *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return ENOMEM;
    }
    s->config = config;
    buffer_init(&s->input, INPUT_FIRST,
                CODEC_HEADER_MAX + config->packet_bytes);
    reply_init(&s->reply, SESSION_OUTPUT_MIN + config->packet_bytes,
               config->statistics);
    dialogue_init(&s->dialogue, config, store, &s->input, &s->reply);
    s->deadline_ns = SESSION_FOREVER;
    s->quiet_since_ns = config->clock.now_ns(config->clock.context);
    s->begun_count = UINT64_MAX;
    *session = s;
    return 0;
}

void
session_destroy(struct session *session)
{
    buffer_fini(&session->input);
    reply_fini(&session->reply);
    free(session);
}

static uint64_t
now_ns(const struct session *s)
{
    return s->config->clock.now_ns(s->config->clock.context);
}

/* Why the session ends, if there is something to be said. */
static void
say_why(struct session *s)
{
    if (s->is_stopping) {
        if (dialogue_owes_an_answer(&s->dialogue)) {
            reply_error(&s->reply, CODEC_SHUTTING_DOWN, 0,
                        "the server is ending");
        }
    } else if (s->silence == SILENCE_IDLE) {
        reply_error(&s->reply, CODEC_TIMEOUT, 0,
                    "idle for longer than %" PRIu64 " ms",
                    s->config->idle_timeout_ns / CLOCK_NS_PER_MS);
    } else if (s->dialogue.state != DIALOGUE_DROPPING) {
        reply_error(&s->reply, CODEC_BAD_REQUEST, 0,
                    "the request was not finished within %" PRIu64 " ms",
                    s->config->request_timeout_ns / CLOCK_NS_PER_MS);
    }
}

/* The server is ending, or the peer was silent for too long. */
static enum dialogue_next
end_dialogue(struct session *s)
{
    enum dialogue_next next = dialogue_make_room(&s->dialogue, 0);

    if (next == DIALOGUE_ON) {
        say_why(s);
        dialogue_close(&s->dialogue);
    }
    return next;
}

static enum dialogue_next
take_step(struct session *s)
{
    bool is_over = s->is_stopping || s->silence == SILENCE_REQUEST ||
                   s->silence == SILENCE_IDLE;
    enum dialogue_rest rest = DIALOGUE_UNKNOWN;
    enum dialogue_next next;

    if (is_over && s->dialogue.state != DIALOGUE_CLOSING) {
        return end_dialogue(s);
    }
    if (s->is_ended) {
        rest = DIALOGUE_END;
    } else if (s->silence == SILENCE_GAP) {
        rest = DIALOGUE_SILENCE;
    }
    next = dialogue_step(&s->dialogue, rest);
    if (next == DIALOGUE_ON) {
        s->silence = SILENCE_NONE;
    }
    return next;
}

/* Say how long to receive, and what silence until then means. */
static void
set_deadline(struct session *s)
{
    uint64_t gap_ns = clock_add_ns(s->quiet_since_ns, s->config->gap_ns);

    if (dialogue_is_idle(&s->dialogue)) {
        s->deadline_ns =
            clock_add_ns(s->quiet_since_ns, s->config->idle_timeout_ns);
        s->due = SILENCE_IDLE;
        return;
    }
    if (s->begun_count != s->dialogue.finished_count) {
        s->begun_count = s->dialogue.finished_count;
        s->begun_ns = now_ns(s);
    }
    s->deadline_ns = clock_add_ns(s->begun_ns, s->config->request_timeout_ns);
    s->due = SILENCE_REQUEST;
    if (gap_ns <= s->deadline_ns &&
        dialogue_is_ended_by_silence(&s->dialogue)) {
        s->deadline_ns = gap_ns;
        s->due = SILENCE_GAP;
    }
}

void
session_check(const struct session *session)
{
    const struct session *s = session;

    buffer_check(&s->input);
    buffer_check(&s->reply.output);
    dialogue_check(&s->dialogue);
    assert(s->input.bound_bytes == CODEC_HEADER_MAX + s->config->packet_bytes);
    assert(s->reply.output.bound_bytes ==
           SESSION_OUTPUT_MIN + s->config->packet_bytes);
}

enum session_next
session_advance(struct session *session)
{
    enum dialogue_next next = DIALOGUE_ON;

    if (session->is_sending) {
        return SESSION_SEND;
    }
    /* Finitely many steps use up the input (D1). */
    while (next == DIALOGUE_ON) {
        next = take_step(session);
    }
    session_check(session);
    if (!reply_is_empty(&session->reply)) {
        session->is_sending = true;
        return SESSION_SEND;
    }
    switch (next) {
    case DIALOGUE_STARVED:
        set_deadline(session);
        return SESSION_RECEIVE;
    case DIALOGUE_WAIT:
        return SESSION_WAIT;
    case DIALOGUE_ON:
    case DIALOGUE_FULL:
        assert(false);
        break;
    case DIALOGUE_OVER:
        break;
    }
    return SESSION_CLOSE;
}

int
session_room(struct session *session, void **room, size_t *room_bytes)
{
    struct buffer *input = &session->input;
    size_t wanted = input->bound_bytes - buffer_length(input);

    assert(wanted > 0);
    if (wanted > ROOM_WANTED) {
        wanted = ROOM_WANTED;
    }
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
    session->silence = SILENCE_NONE;
    session->quiet_since_ns = now_ns(session);
    statistics_add(&session->config->statistics->bytes_in, bytes);
    buffer_append(&session->input, bytes);
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
    reply_pending(&session->reply, data, length_bytes);
}

void
session_sent(struct session *session, size_t bytes)
{
    statistics_add(&session->config->statistics->bytes_out, bytes);
    reply_sent(&session->reply, bytes);
    if (reply_is_empty(&session->reply)) {
        session->is_sending = false;
        session->quiet_since_ns = now_ns(session);
    }
}

struct session_wanted
session_wanted(const struct session *session)
{
    const struct dialogue *dialogue = &session->dialogue;

    return (struct session_wanted){.mailbox = dialogue->request.mailbox,
                                   .version = dialogue->request.after_version,
                                   .deadline_ns = dialogue->wait_deadline_ns};
}

void
session_woken(struct session *session, int error)
{
    dialogue_woken(&session->dialogue, error);
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
    buffer_rest(&session->reply.output);
}

size_t
session_held_bytes(const struct session *session)
{
    return session->input.capacity_bytes + session->reply.output.capacity_bytes;
}

int
session_fault(const struct session *session)
{
    return session->dialogue.fault;
}

const char *
session_refusal(void)
{
    return "err busy: the server has all the clients it takes: "
           "try again later\n";
}
