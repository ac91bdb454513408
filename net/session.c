#include "session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "buffer.h"
#include "census.h"
#include "clock.h"
#include "conversation.h"
#include "dialogue.h"
#include "protocol.h"
#include "reply.h"
#include "resp.h"

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
    struct census_entry entry;
    struct conversation *conversation;
    struct dialogue dialogue; /* the conversation, unless it is RESP's */
    uint64_t quiet_since_ns;  /* when bytes last came or went */
    uint64_t begun_ns;        /* when the request under way began, */
    uint64_t begun_count;     /* and how many were finished then */
    uint64_t deadline_ns;     /* RECEIVE: when silence means `due` */
    enum silence due;
    enum silence silence; /* has come to mean this */
    uint64_t told_count;  /* finished requests that the statistics know */
    uint64_t batch_count; /* of them, those of the last advance */
    bool is_listed;       /* the census has the entry */
    bool is_decided;      /* the protocol is known */
    bool is_waiting;      /* between SESSION_WAIT and session_woken */
    bool is_sending;      /* until all output is sent */
    bool has_news;        /* something that no advance has looked at */
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
    s->conversation = &s->dialogue.conversation;
    s->entry.watching = CENSUS_NONE;
    s->entry.queued = -1;
    s->deadline_ns = SESSION_FOREVER;
    s->quiet_since_ns = config->clock.now_ns(config->clock.context);
    s->begun_count = UINT64_MAX;
    *session = s;
    return 0;
}

static uint64_t
now_ns(const struct session *s)
{
    return s->config->clock.now_ns(s->config->clock.context);
}

static void
tell(_Atomic uint64_t *figure, uint64_t value)
{
    atomic_store_explicit(figure, value, memory_order_relaxed);
}

static void
count_waiting(struct session *s, bool is_waiting)
{
    if (is_waiting != s->is_waiting) {
        s->is_waiting = is_waiting;
        statistics_add(&s->config->statistics->waiting,
                       is_waiting ? 1 : UINT64_MAX);
        tell(&s->entry.watching,
             is_waiting ? s->conversation->wanted.mailbox : CENSUS_NONE);
    }
}

void
session_destroy(struct session *session)
{
    count_waiting(session, false);
    if (session->is_listed) {
        census_leave(session->config->census, &session->entry);
    }
    session->conversation->ops->destroy(session->conversation);
    buffer_fini(&session->input);
    reply_fini(&session->reply);
    free(session);
}

static void
count_requests(struct session *s)
{
    uint64_t count = s->conversation->finished_count;

    s->batch_count = count - s->told_count;
    if (s->batch_count != 0) {
        statistics_add(&s->config->statistics->requests, s->batch_count);
        s->told_count = count;
        tell(&s->entry.requests, count);
    }
}

/* From here on it is Redis's protocol; nothing has been said before. */
static void
become_resp(struct session *s)
{
    struct conversation *conversation = NULL;
    int error = resp_create(s->config, s->dialogue.store, &s->input, &s->reply,
                            &s->entry, &conversation);

    if (error == 0) {
        s->conversation = conversation;
        return;
    }
    s->conversation->fault = error;
    reply_last_words(&s->reply, RESP_OUT_OF_MEMORY);
    dialogue_close(&s->dialogue);
}

/* A collector, say, is for DIPC's own protocol alone. */
static bool
may_become_resp(const struct session *s)
{
    return s->dialogue.store->ops->inspect != NULL && s->config->census != NULL;
}

/* Until the protocol is known, nothing but blank lines is taken. */
static void
decide_protocol(struct session *s)
{
    enum protocol protocol =
        protocol_of(buffer_head(&s->input), buffer_length(&s->input));

    if (protocol == PROTOCOL_RESP && may_become_resp(s)) {
        become_resp(s);
    }
    s->is_decided = protocol != PROTOCOL_UNKNOWN;
}

/* True when the session must end, for this reason. */
static bool
must_end(const struct session *s, enum conversation_end *why)
{
    if (s->is_stopping) {
        *why = CONVERSATION_STOPPED;
    } else if (s->silence == SILENCE_IDLE) {
        *why = CONVERSATION_IDLE;
    } else if (s->silence == SILENCE_REQUEST) {
        *why = CONVERSATION_UNFINISHED;
    } else {
        return false;
    }
    return !s->conversation->ops->is_over(s->conversation);
}

static enum conversation_next
take_step(struct session *s)
{
    enum conversation_rest rest = CONVERSATION_UNKNOWN;
    enum conversation_next next;
    enum conversation_end why;

    if (!s->is_decided) {
        decide_protocol(s);
    }
    if (must_end(s, &why)) {
        return s->conversation->ops->end(s->conversation, why);
    }
    if (s->is_ended) {
        rest = CONVERSATION_END;
    } else if (s->silence == SILENCE_GAP) {
        rest = CONVERSATION_SILENCE;
    }
    next = s->conversation->ops->step(s->conversation, rest);
    if (next == CONVERSATION_ON) {
        s->silence = SILENCE_NONE;
    }
    return next;
}

/* Say how long to receive, and what silence until then means. */
static void
set_deadline(struct session *s)
{
    uint64_t gap_ns = clock_add_ns(s->quiet_since_ns, s->config->gap_ns);

    if (s->conversation->ops->is_idle(s->conversation)) {
        s->deadline_ns =
            clock_add_ns(s->quiet_since_ns, s->config->idle_timeout_ns);
        s->due = SILENCE_IDLE;
        return;
    }
    if (s->begun_count != s->conversation->finished_count) {
        s->begun_count = s->conversation->finished_count;
        s->begun_ns = now_ns(s);
    }
    s->deadline_ns = clock_add_ns(s->begun_ns, s->config->request_timeout_ns);
    s->due = SILENCE_REQUEST;
    if (gap_ns <= s->deadline_ns &&
        s->conversation->ops->is_ended_by_silence(s->conversation)) {
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
    s->conversation->ops->check(s->conversation);
}

enum session_next
session_advance(struct session *session)
{
    enum conversation_next next = CONVERSATION_ON;

    if (session->is_sending) {
        session->batch_count = 0;
        return SESSION_SEND;
    }
    /* Finitely many steps use up the input (D1). */
    while (next == CONVERSATION_ON) {
        next = take_step(session);
    }
    session_check(session);
    count_requests(session);
    session->has_news = next == CONVERSATION_FULL;
    if (!reply_is_empty(&session->reply)) {
        session->is_sending = true;
        return SESSION_SEND;
    }
    switch (next) {
    case CONVERSATION_STARVED:
        set_deadline(session);
        return SESSION_RECEIVE;
    case CONVERSATION_WAIT:
        count_waiting(session, true);
        return SESSION_WAIT;
    case CONVERSATION_ON:
    case CONVERSATION_FULL:
        assert(false);
        break;
    case CONVERSATION_OVER:
        break;
    }
    return SESSION_CLOSE;
}

bool
session_has_news(const struct session *session)
{
    return session->has_news && !session->is_sending;
}

uint64_t
session_batch(const struct session *session)
{
    return session->batch_count;
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
    tell(&session->entry.active_ns, session->quiet_since_ns);
    statistics_add(&session->config->statistics->bytes_in, bytes);
    buffer_append(&session->input, bytes);
    session->has_news = true;
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
    return session->conversation->wanted;
}

void
session_woken(struct session *session, int error)
{
    count_waiting(session, false);
    session->conversation->ops->woken(session->conversation, error);
    session->has_news = true;
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
    session->conversation->ops->rest(session->conversation);
}

size_t
session_held_bytes(const struct session *session)
{
    return session->input.capacity_bytes +
           session->reply.output.capacity_bytes +
           session->conversation->ops->held_bytes(session->conversation);
}

int
session_fault(const struct session *session)
{
    return session->conversation->fault;
}

const char *
session_complaint(const struct session *session)
{
    return session->conversation->complaint;
}

void
session_introduce(struct session *session, uint64_t number, const char *peer)
{
    session->entry.number = number;
    session->entry.peer = peer;
    session->entry.since_ns = session->quiet_since_ns;
    tell(&session->entry.active_ns, session->quiet_since_ns);
    if (may_become_resp(session)) {
        census_enter(session->config->census, &session->entry);
        session->is_listed = true;
    }
}
