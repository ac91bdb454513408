#include "client.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "protocol.h"

/* One conversation.  All of it is its own thread's. */
struct client {
    const struct client_host *host;
    struct member *member;
    struct store *store;
    struct session *session;
    bool resting;        /* nothing has come for a while: sleep in poll */
    bool told;           /* session_stop was called */
    bool ended;          /* the peer sent its last byte */
    bool pipelines;      /* several requests came at once, or none yet */
    const char *end;     /* why it is over; NULL: it is not */
    uint64_t stalled_ns; /* since when nothing could be sent; 0: it can */
};

static bool
is_stopping(const struct client *client)
{
    return atomic_load_explicit(client->host->stopping, memory_order_acquire);
}

static uint64_t
now(void)
{
    return clock_now_ns(NULL);
}

/* Options that a connection of this family lacks are not missed. */
static void
set_options(int fd)
{
    const int on = 1;
    const struct timeval rest = {.tv_usec = CLIENT_REST_NS / 1000};

    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)!setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &rest, sizeof rest);
    (void)!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &rest, sizeof rest);
}

static bool
is_far(uint64_t deadline_ns)
{
    return deadline_ns == SESSION_FOREVER ||
           deadline_ns > clock_add_ns(now(), 2 * CLIENT_REST_NS);
}

/* Errors: EAGAIN  nothing has come; otherwise the session knows, or the end
 * is set */
static int
receive_once(struct client *client, int flags)
{
    void *room;
    size_t room_bytes;

    if (session_room(client->session, &room, &room_bytes)) {
        client->end = "no memory for what it sends";
        return 0;
    }
    ssize_t got = recv(client->member->fd, room, room_bytes, flags);
    if (got > 0) {
        client->resting = false;
        session_received(client->session, (size_t)got);
    } else if (got == 0) {
        client->ended = true;
        session_ended(client->session);
    } else if (errno == EAGAIN || errno == EINTR) {
        return EAGAIN;
    } else {
        client->end = "it broke the connection";
    }
    return 0;
}

static bool
has_input_or_stops(struct client *client, uint64_t deadline_ns)
{
    struct pollfd awaited[] = {
        {.fd = client->member->fd, .events = POLLIN},
        {.fd = client->host->stop_fd, .events = POLLIN},
    };
    struct timespec remaining = clock_remaining(now(), deadline_ns);

    return ppoll(awaited, 2, deadline_ns == SESSION_FOREVER ? NULL : &remaining,
                 NULL) != 0;
}

/* What has just arrived wins over the deadline: look once more before. */
static void
receive_by(struct client *client, uint64_t deadline_ns)
{
    bool in_time = has_input_or_stops(client, deadline_ns);

    if (is_stopping(client)) {
        return;
    }
    if (receive_once(client, MSG_DONTWAIT) == EAGAIN && !in_time) {
        session_expired(client->session);
    }
}

/* Whoever is busy sends its next request soon: let others run meanwhile. */
static bool
has_received_soon(struct client *client)
{
    for (int looks = 0; looks < CLIENT_LOOKS; looks++) {
        if (receive_once(client, MSG_DONTWAIT) != EAGAIN) {
            return true;
        }
        (void)sched_yield();
    }
    return false;
}

static void
receive(struct client *client)
{
    uint64_t deadline_ns = session_deadline_ns(client->session);

    if (client->resting || !is_far(deadline_ns)) {
        receive_by(client, deadline_ns);
    } else if (!has_received_soon(client) &&
               receive_once(client, 0) == EAGAIN) {
        client->resting = true;
    }
    if (client->resting) {
        session_rest(client->session);
    }
}

/* A client that does not read is given as long as one that does not send. */
static void
judge_stall(struct client *client)
{
    uint64_t at_ns = now();

    if (!client->stalled_ns) {
        client->stalled_ns = at_ns;
    } else if (at_ns - client->stalled_ns >=
               client->host->session->request_timeout_ns) {
        client->end = "it does not read its answers";
    }
}

static void
send_output(struct client *client)
{
    const void *data;
    size_t length_bytes;

    session_output(client->session, &data, &length_bytes);
    ssize_t sent = send(client->member->fd, data, length_bytes, MSG_NOSIGNAL);
    if (sent > 0) {
        client->resting = false;
        client->stalled_ns = 0;
        session_sent(client->session, (size_t)sent);
    } else if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        judge_stall(client);
    } else {
        client->end = "it broke the connection";
    }
}

static void
wait_for_version(struct client *client)
{
    struct session_wanted wanted = session_wanted(client->session);

    roster_begin_wait(client->member, wanted.ends_with_peer);
    int error = client->store->ops->wait(client->store, wanted.mailbox,
                                         wanted.version, wanted.deadline_ns);
    roster_end_wait(client->member);
    if (error == ECANCELED && wanted.ends_with_peer && !is_stopping(client)) {
        client->end = "it left while it waited";
        return;
    }
    session_woken(client->session, error);
}

/* One that was at rest when the server ended is owed no answer. */
static void
end_conversation(struct client *client)
{
    if (client->told) {
        client->end = "the server ends";
        if (client->resting) {
            roster_end_silently(client->member);
        }
    } else {
        client->end = client->ended ? "it ended the connection"
                                    : "closed after an answer";
    }
}

/* Who sends request by request is seldom at a lock, and needs no permit. */
static enum session_next
advance(struct client *client)
{
    struct permits_set *taken = NULL;

    if (!session_has_news(client->session)) {
        return session_advance(client->session);
    }
    if (client->pipelines) {
        taken = permits_take(client->host->permits);
    }
    enum session_next next = session_advance(client->session);
    permits_give(taken);
    client->pipelines = session_batch(client->session) > 1;
    return next;
}

static void
step(struct client *client)
{
    if (!client->told && is_stopping(client)) {
        client->told = true;
        session_stop(client->session);
    }
    switch (advance(client)) {
    case SESSION_RECEIVE:
        receive(client);
        break;
    case SESSION_SEND:
        send_output(client);
        break;
    case SESSION_WAIT:
        wait_for_version(client);
        break;
    case SESSION_CLOSE:
        end_conversation(client);
        break;
    }
}

/* Behind the client's "internal" stands the cause, here. */
static void
tell_fault(const struct client *client)
{
    int fault = session_fault(client->session);
    const char *complaint = session_complaint(client->session);

    if (complaint) {
        log_warning(client->host->log, "client %llu from %s: %s",
                    (unsigned long long)client->member->number,
                    client->member->peer, complaint);
    }

    if (fault) {
        log_error(client->host->log, "client %llu from %s: internal fault: %s",
                  (unsigned long long)client->member->number,
                  client->member->peer, strerror(fault));
    }
}

static void
converse(struct client *client)
{
    log_detail(client->host->log, "client %llu from %s: connected",
               (unsigned long long)client->member->number,
               client->member->peer);
    while (!client->end) {
        step(client);
    }
    tell_fault(client);
    log_detail(client->host->log, "client %llu from %s: gone, %s",
               (unsigned long long)client->member->number, client->member->peer,
               client->end);
}

static void
serve_over(struct client *client)
{
    int error =
        session_create(client->host->session, client->store, &client->session);

    if (error) {
        log_error(client->host->log, "client %llu from %s: no session: %s",
                  (unsigned long long)client->member->number,
                  client->member->peer, strerror(error));
        return;
    }
    session_introduce(client->session, client->member->number,
                      client->member->peer);
    roster_enter(client->member, client->store);
    converse(client);
    roster_leave(client->member);
    session_destroy(client->session);
}

/* Which protocol the client speaks, if it says so before long. */
static enum protocol
await_protocol(struct client *client)
{
    uint64_t deadline_ns = clock_add_ns(now(), CLIENT_REFUSAL_NS);
    char bytes[64];
    ssize_t got = 0;

    if (has_input_or_stops(client, deadline_ns)) {
        got = recv(client->member->fd, bytes, sizeof bytes,
                   MSG_PEEK | MSG_DONTWAIT);
    }
    return got > 0 ? protocol_of(bytes, (size_t)got) : PROTOCOL_UNKNOWN;
}

/* The refusal fits the empty send buffer of a connection this young. */
static void
refuse(struct client *client, int error)
{
    const char *text;

    log_error(client->host->log, "client %llu from %s: no store: %s",
              (unsigned long long)client->member->number, client->member->peer,
              strerror(error));
    text = protocol_refusal(await_protocol(client));
    (void)!send(client->member->fd, text, strlen(text),
                MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
client_serve(void *context, struct member *member)
{
    struct client client = {
        .host = context, .member = member, .resting = true, .pipelines = true};
    struct store_source *source = client.host->source;
    struct statistics *statistics = client.host->session->statistics;

    set_options(member->fd);
    int error = source->ops->open(
        source, (uint32_t)(member - member->roster->members), &client.store);
    if (error) {
        refuse(&client, error);
    } else {
        serve_over(&client);
        source->ops->close(source, client.store);
    }
    statistics_add(&statistics->clients, UINT64_MAX);
}
