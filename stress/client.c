#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moment.h"
#include "redis_talk.h"

#define CONNECTIONS_MAX 256U
#define OUT_BYTES (PLAN_DEPTH_MAX * (70000U + REDIS_TALK_BYTES))
#define IN_BYTES 300000U
#define LINE_BYTES 256U
#define RETRY_NS (10 * MOMENT_MS)
#define DEAF_NS (300 * MOMENT_MS)
#define STALL_NS (2000 * MOMENT_MS)
#define NOTHING UINT64_MAX
#define REFUSAL "err busy: the server has all the clients"
#define REFUSAL_OF_REDIS "-ERR max number of clients reached"
#define REDIS_EACH 3U /* one of so many connections speaks it */

enum state { STATE_APART, STATE_CONNECTING, STATE_OPEN };

/* A request that is to be answered. */
struct asked {
    uint64_t place; /* in the journal, or NOTHING: it is no operation */
    size_t end;     /* behind its last byte in the output */
};

struct connection {
    enum state state;
    int fd;
    uint32_t number;
    uint64_t retry_ns;
    uint64_t since_ns; /* the last progress */
    struct plan plan;
    struct plan_batch batch;
    bool redis;   /* it speaks Redis's protocol */
    bool busy;    /* a batch is under way */
    bool closing; /* after this batch, or at the server's end */
    size_t out_begin, out_end;
    size_t out_stop; /* nothing is sent from here on */
    struct asked asked[PLAN_DEPTH_MAX + 1];
    uint32_t asked_begin, asked_end;
    uint32_t given; /* of those asked: their last byte is given away */
    size_t in_end;
    unsigned char *out;
    unsigned char *in;
};

struct client {
    const struct client_orders *orders;
    struct client_journal *journal;
    struct connection *connections;
    uint64_t *seen; /* the newest version, by mailbox */
    bool full;      /* the journal is */
};

static void
tell_flaw(struct client *client, const char *what, const char *answer)
{
    char *flaw = client->journal->flaw;
    if (flaw[0] == '\0') {
        (void)snprintf(flaw, CLIENT_FLAW_BYTES, "%s: '%.200s'", what, answer);
    }
}

static struct operation *
operation_at(struct client *client, uint64_t place)
{
    return &client->journal->operations[place];
}

/* ---- a batch is made ---- */

static uint64_t
version_for(const struct client *client, uint32_t mailbox,
            enum plan_version version)
{
    uint64_t seen = client->seen[mailbox];
    switch (version) {
    case PLAN_SEEN:
        return seen;
    case PLAN_BEFORE_SEEN:
        return seen > 0 ? seen - 1 : 0;
    default:
        return OPERATION_ANY;
    }
}

static void
put(struct connection *c, const char *text)
{
    size_t length = strlen(text);
    memcpy(c->out + c->out_end, text, length);
    c->out_end += length;
}

static void
put_key(struct connection *c, const char *key, uint64_t value)
{
    char text[64];
    (void)snprintf(text, sizeof(text), " %s=%" PRIu64, key, value);
    put(c, text);
}

static void
note(struct client *client, struct connection *c, const struct plan_step *step,
     struct operation *o)
{
    static const uint8_t verbs[] = {[PLAN_READ] = OPERATION_READ,
                                    [PLAN_REPLACE] = OPERATION_REPLACE,
                                    [PLAN_OVERWRITE] = OPERATION_OVERWRITE,
                                    [PLAN_APPEND] = OPERATION_APPEND,
                                    [PLAN_LOOK] = OPERATION_LOOK};
    *o = (struct operation){
        .client = c->number,
        .mailbox = step->mailbox,
        .verb = verbs[step->verb],
        .outcome = OPERATION_NEVER,
        .return_ns = OPERATION_FOREVER,
        .offset = step->offset,
        .max_bytes = step->max_bytes,
        .if_version = version_for(client, step->mailbox, step->if_version),
        .after_version =
            version_for(client, step->mailbox, step->after_version)};
    if (step->verb != PLAN_READ && step->verb != PLAN_LOOK) {
        o->data = operation_data_made(step->data_seed, step->length);
    }
}

/*
 * Two spaces after the verb: `r 12`, held up on its way after the 1, would be
 * `r 1` after a silence of the gap's length.
 */
static void
put_header(struct connection *c, const struct plan_step *step,
           const struct operation *o)
{
    char text[64];
    bool bare = c->batch.manner == PLAN_NO_NEWLINE;
    (void)snprintf(text, sizeof(text), "%c%s%" PRIu32,
                   step->verb == PLAN_READ   ? 'r'
                   : step->verb == PLAN_LOOK ? 's'
                                             : 'w',
                   bare ? " " : "  ", step->mailbox);
    put(c, text);
    if (bare || c->batch.manner == PLAN_UNFRAMED) {
        put(c, bare ? "" : "\n");
        return;
    }
    if (step->verb == PLAN_READ) {
        put_key(c, "at", o->offset);
        put_key(c, "max", o->max_bytes);
    } else if (step->verb != PLAN_LOOK) {
        (void)snprintf(text, sizeof(text), " %" PRIu32, step->length);
        put(c, text);
        if (step->verb == PLAN_OVERWRITE) {
            put_key(c, "at", o->offset);
        } else if (step->verb == PLAN_APPEND) {
            put(c, " at=end");
        }
    }
    if (o->if_version != OPERATION_ANY) {
        put_key(c, "if", o->if_version);
    }
    if (o->after_version != OPERATION_ANY) {
        put_key(c, "after", o->after_version);
        put_key(c, "wait", step->wait_ms);
    }
    put(c, "\n");
}

static void
put_data(struct connection *c, const struct plan_step *step)
{
    if (step->verb != PLAN_READ && step->verb != PLAN_LOOK) {
        operation_make(step->data_seed, c->out + c->out_end, step->length);
        c->out_end += step->length;
    }
}

static void
ask(struct client *client, struct connection *c, const struct plan_step *step)
{
    struct asked *asked = &c->asked[c->asked_end];
    asked->place = NOTHING;
    if (step->verb == PLAN_EMPTY_LINE) {
        put(c, "  \n");
        return;
    }
    if (step->verb == PLAN_STATISTICS) {
        put(c, c->redis ? "INFO\r\n" : "s\n");
    } else {
        asked->place = atomic_load(&client->journal->count);
        struct operation *o = operation_at(client, asked->place);
        note(client, c, step, o);
        if (c->redis) {
            redis_talk_adapt(o, c->plan.mailbox_bytes);
            c->out_end += redis_talk_ask(c->out + c->out_end, o, step->wait_ms);
        } else {
            put_header(c, step, o);
            put_data(c, step);
        }
        atomic_store(&client->journal->count, asked->place + 1);
    }
    asked->end = c->out_end;
    c->asked_end++;
}

static void
begin_batch(struct client *client, struct connection *c)
{
    struct client_journal *journal = client->journal;
    if (atomic_load(&journal->count) + PLAN_DEPTH_MAX >= journal->capacity) {
        client->full = true;
        return;
    }
    plan_next(&c->plan, &c->batch);
    atomic_fetch_add(&journal->batches[c->batch.manner], 1);
    c->out_begin = c->out_end = 0;
    c->asked_begin = c->asked_end = c->given = 0;
    for (uint32_t i = 0; i < c->batch.count; i++) {
        ask(client, c, &c->batch.steps[i]);
    }
    if (c->batch.manner == PLAN_QUIT) {
        put(c, c->redis ? "QUIT\r\n" : "q\n");
        c->asked[c->asked_end++] = (struct asked){NOTHING, c->out_end};
        c->closing = true;
    }
    c->out_stop = c->out_end;
    if (c->batch.manner >= PLAN_CUT && c->batch.manner != PLAN_DEAF) {
        c->out_stop = c->batch.whim % (c->out_end + 1);
    }
    c->busy = true;
    c->since_ns = moment_now_ns();
}

/* ---- a connection ends ---- */

static void
part(struct connection *c, bool reset)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (reset) {
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    (void)close(c->fd);
    c->fd = -1;
    c->state = STATE_APART;
    c->retry_ns = moment_now_ns();
    c->busy = c->closing = false;
    c->in_end = 0;
}

static void
break_off(struct client *client, struct connection *c)
{
    if (c->batch.manner < PLAN_CUT && !c->closing) {
        atomic_fetch_add(&client->journal->breaks, 1);
    }
    part(c, false);
}

static void
connect_again(struct client *client, struct connection *c)
{
    const struct client_orders *orders = client->orders;
    int one = 1;
    c->fd = socket(orders->address.ss_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        c->retry_ns = moment_now_ns() + RETRY_NS;
        return;
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    atomic_fetch_add(&client->journal->connects, 1);
    int error = connect(c->fd, (const struct sockaddr *)&orders->address,
                        orders->address_bytes);
    if (error != 0 && errno != EINPROGRESS) {
        atomic_fetch_add(&client->journal->refusals, 1);
        part(c, false);
        c->retry_ns += RETRY_NS;
        return;
    }
    c->state = STATE_CONNECTING;
    c->since_ns = moment_now_ns();
}

static void
connected(struct client *client, struct connection *c)
{
    int error = 0;
    socklen_t bytes = sizeof(error);
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 ||
        error != 0) {
        atomic_fetch_add(&client->journal->refusals, 1);
        part(c, false);
        c->retry_ns += RETRY_NS;
        return;
    }
    c->state = STATE_OPEN;
}

/* ---- sending ---- */

/* Whatever ends before `end` is about to be given away whole. */
static void
give(struct client *client, struct connection *c, size_t begin, size_t end)
{
    uint64_t now_ns = moment_now_ns();
    for (uint32_t i = c->given; i < c->asked_end; i++) {
        size_t from = i == 0 ? 0 : c->asked[i - 1].end;
        if (c->asked[i].place == NOTHING || from >= end || i < c->asked_begin) {
            continue;
        }
        struct operation *o = operation_at(client, c->asked[i].place);
        if (o->call_ns == 0 && from >= begin) {
            o->call_ns = now_ns;
        }
        if (c->asked[i].end <= end) {
            o->outcome = OPERATION_UNKNOWN;
        }
    }
}

/* What was not taken by the kernel after all cannot happen yet. */
static void
take_back(struct client *client, struct connection *c, size_t end)
{
    for (uint32_t i = c->given; i < c->asked_end; i++) {
        if (c->asked[i].end > end) {
            if (c->asked[i].place != NOTHING && i >= c->asked_begin) {
                operation_at(client, c->asked[i].place)->outcome =
                    OPERATION_NEVER;
            }
        } else {
            c->given = i + 1;
        }
    }
}

static size_t
piece(const struct connection *c)
{
    size_t rest = c->out_stop - c->out_begin;
    size_t most = 1 + (c->batch.whim + c->out_begin * 31) % 900;
    return c->batch.manner == PLAN_PIECES && rest > most ? most : rest;
}

/* A polite batch is over when everything is sent and answered. */
static void
finish_batch(struct connection *c)
{
    if (c->asked_begin == c->asked_end && !c->closing &&
        c->out_begin == c->out_stop && c->batch.manner < PLAN_CUT) {
        c->busy = false;
    }
}

static void
sent_all(struct connection *c)
{
    switch (c->batch.manner) {
    case PLAN_CUT:
    case PLAN_RESET:
        part(c, c->batch.manner == PLAN_RESET);
        break;
    case PLAN_UNFRAMED:
    case PLAN_HALF_CLOSE:
        (void)shutdown(c->fd, SHUT_WR);
        c->closing = true;
        break;
    case PLAN_STALL:
        c->closing = true;
        break;
    default:
        finish_batch(c);
        break;
    }
}

static void
send_more(struct client *client, struct connection *c)
{
    size_t length = piece(c);
    if (length == 0) {
        sent_all(c);
        return;
    }
    give(client, c, c->out_begin, c->out_begin + length);
    ssize_t sent = send(c->fd, c->out + c->out_begin, length, MSG_NOSIGNAL);
    if (sent < 0) {
        int error = errno;
        take_back(client, c, c->out_begin);
        if (error != EAGAIN && error != EINTR) {
            break_off(client, c);
        }
        return;
    }
    c->out_begin += (size_t)sent;
    take_back(client, c, c->out_begin);
    c->since_ns = moment_now_ns();
    if (c->out_begin == c->out_stop) {
        sent_all(c);
    }
}

/* ---- answers ---- */

static bool
find_key(const char *line, const char *key, uint64_t *value)
{
    char wanted[32];
    int length = snprintf(wanted, sizeof(wanted), " %s=", key);
    const char *found = strstr(line, wanted);
    if (found == NULL) {
        return false;
    }
    *value = strtoull(found + length, NULL, 10);
    return true;
}

static void
note_ok(struct client *client, struct operation *o, const char *line,
        const unsigned char *data, uint32_t length)
{
    if (o->verb == OPERATION_LOOK) {
        char text[512];
        (void)snprintf(text, sizeof(text), "%.*s", (int)length,
                       (const char *)data);
        if (strncmp(text, "version ", 8) != 0) {
            tell_flaw(client, "no version in the statistics", text);
        }
        o->version = strtoull(text + 8, NULL, 10);
    } else if (!find_key(line, "version", &o->version) ||
               !find_key(line, "size", &o->size)) {
        tell_flaw(client, "an answer without version or size", line);
    } else if (o->verb == OPERATION_READ) {
        o->data = operation_data_of(data, length);
    } else if (length > 0) {
        tell_flaw(client, "a write is answered with data", line);
    }
    o->outcome = OPERATION_OK;
}

static void
note_error(struct client *client, struct connection *c, struct operation *o,
           const char *line)
{
    if (strncmp(line, "err conflict", 12) == 0) {
        o->outcome = OPERATION_CONFLICT;
        if (!find_key(line, "version", &o->version)) {
            tell_flaw(client, "a conflict without its version", line);
        }
    } else if (strncmp(line, "err too-large", 13) == 0) {
        o->outcome = OPERATION_TOO_LARGE;
    } else if (strncmp(line, "err timeout", 11) == 0) {
        o->outcome = OPERATION_TIMEOUT;
    } else if (strncmp(line, "err busy", 8) == 0) {
        o->outcome = OPERATION_BUSY;
        atomic_fetch_add(&client->journal->refusals, 1);
    } else if (strstr(line, "was not finished within") != NULL) {
        o->outcome = OPERATION_NEVER; /* the server has not got all of it */
        c->closing = true;
    } else if (strncmp(line, "err shutting-down", 17) != 0) {
        tell_flaw(client, "an answer against the protocol", line);
    }
}

/* Errors that do not answer a request that was sent whole. */
static bool
is_stray(const struct connection *c, const char *line)
{
    bool cut = c->batch.manner >= PLAN_CUT || c->closing;
    return (cut && (strncmp(line, "err bad-request", 15) == 0 ||
                    strncmp(line, "err conflict", 12) == 0 ||
                    strncmp(line, "err too-large", 13) == 0)) ||
           strncmp(line, "err shutting-down", 17) == 0 ||
           strstr(line, "was not finished within") != NULL ||
           strncmp(line, "err busy", 8) == 0 ||
           strncmp(line, "err timeout: idle", 17) == 0;
}

static void
finish_operation(struct client *client, struct operation *o)
{
    if (o->outcome != OPERATION_UNKNOWN) {
        o->return_ns = moment_now_ns();
    }
    if ((o->outcome == OPERATION_OK || o->outcome == OPERATION_CONFLICT) &&
        o->version > client->seen[o->mailbox]) {
        client->seen[o->mailbox] = o->version;
    }
}

static void
take_answer(struct client *client, struct connection *c, const char *line,
            const unsigned char *data, uint32_t length)
{
    bool ok = strncmp(line, "ok ", 3) == 0;
    struct asked asked = c->asked[c->asked_begin];
    struct operation *o = NULL;
    if (c->asked_begin == c->asked_end || asked.end > c->out_begin) {
        /* A write may be refused before its data was sent. */
        if (!ok && c->asked_begin < c->asked_end && asked.place != NOTHING &&
            (strncmp(line, "err conflict", 12) == 0 ||
             strncmp(line, "err too-large", 13) == 0) &&
            !is_stray(c, line)) {
            c->asked_begin++;
            o = operation_at(client, asked.place);
            note_error(client, c, o, line);
            o->return_ns = moment_now_ns();
        } else if (!is_stray(c, line)) {
            tell_flaw(client, "an answer to nothing", line);
        }
        return;
    }
    c->asked_begin++;
    if (asked.place == NOTHING) {
        if (!ok && !is_stray(c, line)) {
            tell_flaw(client, "`s` or `q` is refused", line);
        }
        return;
    }
    o = operation_at(client, asked.place);
    if (o->outcome != OPERATION_UNKNOWN) {
        tell_flaw(client, "an operation is answered twice", line);
    } else if (ok) {
        note_ok(client, o, line, data, length);
    } else {
        note_error(client, c, o, line);
    }
    finish_operation(client, o);
}

static bool
begins(const unsigned char *in, size_t length, const char *text)
{
    return length >= strlen(text) && memcmp(in, text, strlen(text)) == 0;
}

/* Errors of Redis's protocol that are about the connection. */
static bool
is_stray_of_redis(const unsigned char *in, size_t length)
{
    return begins(in, length, "-ERR shutting down") ||
           begins(in, length, "-ERR Protocol error: the command was not") ||
           begins(in, length, REFUSAL_OF_REDIS);
}

/* All answers of what was asked first are there. */
static void
take_answers_of_redis(struct client *client, struct connection *c,
                      const unsigned char *in, size_t length)
{
    struct asked asked = c->asked[c->asked_begin++];
    char line[LINE_BYTES + 1];
    (void)snprintf(line, sizeof(line), "%.*s",
                   (int)(length < LINE_BYTES ? length : LINE_BYTES),
                   (const char *)in);
    if (asked.place == NOTHING) {
        if (line[0] == '-') {
            tell_flaw(client, "INFO or QUIT is refused", line);
        }
        return;
    }
    struct operation *o = operation_at(client, asked.place);
    if (o->outcome != OPERATION_UNKNOWN) {
        tell_flaw(client, "an operation is answered twice", line);
        return;
    }
    const char *wrong = redis_talk_note(o, in, length);
    if (wrong != NULL) {
        tell_flaw(client, wrong, line);
    }
    if (o->outcome == OPERATION_BUSY) {
        atomic_fetch_add(&client->journal->refusals, 1);
    }
    finish_operation(client, o);
}

/* The server does not read from a connection that it refuses. */
static void
forget_refused(struct client *client, struct connection *c)
{
    for (uint32_t i = c->asked_begin; i < c->asked_end; i++) {
        if (c->asked[i].place != NOTHING) {
            operation_at(client, c->asked[i].place)->outcome = OPERATION_NEVER;
        }
    }
    c->asked_begin = c->asked_end;
    c->closing = true;
}

/* One whole answer from the input, if it is there: its bytes, else 0. */
static size_t
take_one(struct client *client, struct connection *c, size_t begin)
{
    char line[LINE_BYTES + 1];
    size_t rest = c->in_end - begin;
    unsigned char *newline = memchr(c->in + begin, '\n', rest);
    if (newline == NULL) {
        if (rest >= LINE_BYTES) {
            tell_flaw(client, "an answer line without an end", "");
        }
        return 0;
    }
    size_t head = (size_t)(newline - (c->in + begin)) + 1;
    if (head > LINE_BYTES) {
        tell_flaw(client, "an answer line that is too long", "");
        return 0;
    }
    memcpy(line, c->in + begin, head - 1);
    line[head - 1] = '\0';
    size_t length =
        strncmp(line, "ok ", 3) == 0 ? strtoull(line + 3, NULL, 10) : 0;
    if (rest < head + length) {
        return 0;
    }
    take_answer(client, c, line, c->in + begin + head, (uint32_t)length);
    if (strncmp(line, REFUSAL, strlen(REFUSAL)) == 0) {
        forget_refused(client, c);
    }
    return head + length;
}

/* The same in Redis's protocol, where an operation has several answers. */
static size_t
take_one_of_redis(struct client *client, struct connection *c, size_t begin)
{
    const unsigned char *in = c->in + begin;
    size_t rest = c->in_end - begin;
    struct asked asked = c->asked[c->asked_begin];
    bool is_asked = c->asked_begin < c->asked_end;
    size_t length = redis_talk_length(in, rest);
    if (length == 0) {
        return 0;
    }
    if (is_stray_of_redis(in, length)) {
        if (begins(in, length, REFUSAL_OF_REDIS)) {
            atomic_fetch_add(&client->journal->refusals, 1);
            forget_refused(client, c);
        }
        return length;
    }
    if (!is_asked) {
        tell_flaw(client, "an answer to nothing in Redis's protocol", "");
        return length;
    }
    unsigned left =
        asked.place == NOTHING
            ? 0
            : redis_talk_answers(operation_at(client, asked.place)) - 1;
    for (; left > 0; left--) {
        size_t one = redis_talk_length(in + length, rest - length);
        if (one == 0) {
            return 0;
        }
        if (is_stray_of_redis(in + length, one)) {
            return length + one; /* it ends the transaction unanswered */
        }
        length += one;
    }
    take_answers_of_redis(client, c, in, length);
    return length;
}

static void
take_answers(struct client *client, struct connection *c)
{
    size_t begin = 0;
    size_t taken = 0;
    while ((taken = c->redis ? take_one_of_redis(client, c, begin)
                             : take_one(client, c, begin)) > 0) {
        begin += taken;
    }
    c->in_end -= begin;
    memmove(c->in, c->in + begin, c->in_end);
    finish_batch(c);
}

static void
receive(struct client *client, struct connection *c)
{
    ssize_t got = recv(c->fd, c->in + c->in_end, IN_BYTES - c->in_end, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        break_off(client, c);
        return;
    }
    c->in_end += (size_t)got;
    c->since_ns = moment_now_ns();
    take_answers(client, c);
}

/* ---- the loop ---- */

static bool
is_deaf(const struct connection *c)
{
    return c->busy && c->batch.manner == PLAN_DEAF;
}

static short
events(const struct connection *c)
{
    short wanted = 0;
    if (c->state == STATE_CONNECTING) {
        return POLLOUT;
    }
    if (c->busy && c->out_begin < c->out_stop) {
        wanted |= POLLOUT;
    }
    return is_deaf(c) ? wanted : (short)(wanted | POLLIN);
}

static void
prepare(struct client *client, struct connection *c, uint64_t now_ns)
{
    bool over = now_ns >= client->orders->end_ns || client->full;
    if (c->state == STATE_APART && !over && now_ns >= c->retry_ns) {
        connect_again(client, c);
    }
    if (c->state == STATE_OPEN && !c->busy && !over) {
        begin_batch(client, c);
        if (c->busy) {
            send_more(client, c);
        }
    }
    if (c->state == STATE_OPEN && !c->busy && (over || client->full)) {
        part(c, false);
    }
    if (c->state == STATE_OPEN && is_deaf(c) &&
        now_ns > c->since_ns + DEAF_NS) {
        part(c, true);
    }
    if (c->state == STATE_OPEN && c->busy && c->batch.manner == PLAN_STALL &&
        now_ns > c->since_ns + STALL_NS) {
        part(c, false);
    }
    if (c->state != STATE_APART &&
        now_ns > c->since_ns + client->orders->patience_ns) {
        if (c->state == STATE_OPEN) {
            break_off(client, c);
        } else {
            part(c, false);
        }
    }
}

static void
serve(struct client *client, struct connection *c, short revents)
{
    if (revents == 0 || c->state == STATE_APART) {
        return;
    }
    if (c->state == STATE_CONNECTING) {
        connected(client, c);
        return;
    }
    if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !is_deaf(c)) {
        receive(client, c);
    }
    if (c->state == STATE_OPEN && c->busy && (revents & POLLOUT) != 0 &&
        c->out_begin < c->out_stop) {
        send_more(client, c);
    }
}

static bool
step(struct client *client)
{
    struct pollfd polled[CONNECTIONS_MAX];
    uint32_t count = client->orders->connections;
    uint64_t now_ns = moment_now_ns();
    bool under_way = false;
    for (uint32_t i = 0; i < count; i++) {
        struct connection *c = &client->connections[i];
        prepare(client, c, now_ns);
        polled[i] = (struct pollfd){.fd = c->fd, .events = events(c)};
        under_way |= c->state != STATE_APART;
    }
    if (!under_way && (now_ns >= client->orders->end_ns || client->full)) {
        return false;
    }
    if (poll(polled, count, 10) < 0) {
        return errno == EINTR;
    }
    for (uint32_t i = 0; i < count; i++) {
        serve(client, &client->connections[i], polled[i].revents);
    }
    return true;
}

static void *
memory(size_t bytes)
{
    void *got = calloc(1, bytes);
    if (got == NULL) {
        _exit(3);
    }
    return got;
}

void
client_run(const struct client_orders *orders)
{
    struct client client = {.orders = orders, .journal = orders->journal};
    client.connections =
        memory(orders->connections * sizeof(*client.connections));
    client.seen = memory(orders->plan.mailboxes_count * sizeof(uint64_t));
    for (uint32_t i = 0; i < orders->connections; i++) {
        struct connection *c = &client.connections[i];
        c->fd = -1;
        c->number = orders->first_number + i;
        c->plan = orders->plan;
        /* Which knows no packets, but the history does. */
        c->redis = c->number % REDIS_EACH == REDIS_EACH - 1 &&
                   orders->plan.packet_bytes >= orders->plan.mailbox_bytes;
        c->plan.timed = c->plan.timed && !c->redis;
        c->out = memory(OUT_BYTES);
        c->in = memory(IN_BYTES);
        plan_init(&c->plan, orders->seed, c->number);
    }
    while (step(&client)) {
    }
}
