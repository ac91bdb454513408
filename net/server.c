#include "server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "census.h"
#include "client.h"
#include "closing.h"
#include "permits.h"
#include "processors.h"
#include "roster.h"
#include "session.h"
#include "statistics.h"
#include "wakeup.h"

#define EVENTS_MAX 64
#define ACCEPTS_PER_EVENT 64
#define DESCRIPTORS_RESERVE 64

enum event_kind {
    EVENT_STOP,
    EVENT_FINISHED,
    EVENT_HANGUP,
    EVENT_CLOSING,
    EVENT_CONTROL,
    EVENT_SIGNAL,
    EVENT_LISTENER /* and from here on: one for each socket */
};

struct server {
    struct server_config config; /* const after create */
    struct statistics statistics;
    struct census census;
    struct permits permits;
    struct session_config session_config; /* const after create */
    struct client_host host;              /* const after create */
    atomic_bool stopping;
    int stop_fd; /* an eventfd; readable from server_stop on */
    int epoll;
    int spare_fd;           /* given up to tell a newcomer "busy"; -1: it was */
    uint64_t paused_ns;     /* until when not to listen; 0: listening */
    uint64_t stopped_ns;    /* when stopping began; 0: not yet */
    bool is_shut;           /* the grace is over */
    uint64_t numbers;       /* clients let in, ever */
    uint64_t refused;       /* since the last log line about it */
    uint64_t complained_ns; /* when that line was written */
    struct roster roster;
    struct closings closings;
};

uint64_t
server_descriptors(uint32_t clients_max)
{
    return (uint64_t)clients_max + CLOSINGS_MAX + DESCRIPTORS_RESERVE;
}

static void
init_session_config(struct server *server)
{
    const struct server_config *config = &server->config;

    server->statistics.clients_max = config->clients_max;
    server->statistics.instance = config->instance;
    server->statistics.lock_recoveries = config->lock_recoveries;
    server->statistics.started_ns = clock_now_ns(NULL);
    server->statistics.mailboxes = config->mailboxes;
    server->statistics.mailbox_bytes = config->mailbox_bytes;
    server->statistics.packet_bytes = config->packet_bytes;
    server->session_config = (struct session_config){
        .packet_bytes = config->packet_bytes,
        .gap_ns = config->gap_ns,
        .request_timeout_ns = config->request_timeout_ns,
        .idle_timeout_ns = config->idle_timeout_ns,
        .wait_max_ns = config->wait_max_ns,
        .clock = {.now_ns = clock_now_ns},
        .statistics = &server->statistics,
        .census = &server->census,
    };
    server->host = (struct client_host){
        .session = &server->session_config,
        .source = config->source,
        .log = config->log,
        .permits = &server->permits,
        .stop_fd = server->stop_fd,
        .stopping = &server->stopping,
    };
}

static int
watch(struct server *server, int fd, uint32_t kind)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = kind};

    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? errno : 0;
}

static int
watch_optional(struct server *server, int fd, uint32_t kind)
{
    return fd < 0 ? 0 : watch(server, fd, kind);
}

static int
watch_listener(struct server *server)
{
    const struct listener *listener = server->config.listener;
    int error = 0;

    for (size_t i = 0; i < listener->count && !error; i++) {
        error =
            watch(server, listener->sockets[i], EVENT_LISTENER + (uint32_t)i);
    }
    return error;
}

static int
watch_all(struct server *server)
{
    const struct control *control = server->config.control;

    int error = watch(server, server->stop_fd, EVENT_STOP);
    if (!error) {
        error = watch(server, server->roster.finished_fd, EVENT_FINISHED);
    }
    if (!error) {
        error = watch(server, server->roster.hangups_fd, EVENT_HANGUP);
    }
    if (!error) {
        error = watch(server, server->closings.epoll, EVENT_CLOSING);
    }
    if (!error) {
        error = watch_optional(server, control ? control->epoll : -1,
                               EVENT_CONTROL);
    }
    if (!error) {
        error = watch_optional(server, server->config.signals, EVENT_SIGNAL);
    }
    return error ? error : watch_listener(server);
}

/* A copy of a descriptor that is there anyway: only the number counts. */
static void
keep_spare(struct server *server)
{
    if (server->spare_fd < 0) {
        server->spare_fd = fcntl(server->stop_fd, F_DUPFD_CLOEXEC, 0);
    }
}

static int
open_descriptors(struct server *server)
{
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->stop_fd < 0) {
        return errno;
    }
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0) {
        int error = errno;
        (void)close(server->stop_fd);
        return error;
    }
    keep_spare(server);
    return 0;
}

static void
close_descriptors(struct server *server)
{
    (void)close(server->stop_fd);
    (void)close(server->epoll);
    if (server->spare_fd >= 0) {
        (void)close(server->spare_fd);
    }
}

int
server_create(const struct server_config *config, struct server **server)
{
    struct server *made = calloc(1, sizeof *made);

    if (!made) {
        return ENOMEM;
    }
    made->config = *config;
    made->spare_fd = -1;
    int error = open_descriptors(made);
    if (error) {
        goto free_memory;
    }
    error = census_init(&made->census);
    if (error) {
        goto close_descriptors;
    }
    permits_init(&made->permits, config->concurrency ? config->concurrency
                                                     : processors_count());
    init_session_config(made);
    error = roster_init(&made->roster, config->clients_max, config->source,
                        client_serve, &made->host);
    if (error) {
        goto fini_permits;
    }
    error = closings_init(&made->closings);
    if (error) {
        goto fini_roster;
    }
    error = watch_all(made);
    if (error) {
        goto fini_closings;
    }
    *server = made;
    return 0;

fini_closings:
    closings_fini(&made->closings);
fini_roster:
    roster_fini(&made->roster);
fini_permits:
    permits_fini(&made->permits);
    census_fini(&made->census);
close_descriptors:
    close_descriptors(made);
free_memory:
    free(made);
    return error;
}

void
server_destroy(struct server *server)
{
    closings_fini(&server->closings);
    roster_fini(&server->roster);
    permits_fini(&server->permits);
    census_fini(&server->census);
    close_descriptors(server);
    free(server);
}

uint64_t
server_clients(const struct server *server)
{
    return atomic_load_explicit(&server->statistics.clients,
                                memory_order_relaxed);
}

void
server_stop(struct server *server)
{
    atomic_store_explicit(&server->stopping, true, memory_order_release);
    wakeup_raise(server->stop_fd);
}

/* A flood of complaints is one line a second. */
static bool
may_complain(struct server *server, uint64_t now_ns)
{
    if (server->complained_ns &&
        now_ns - server->complained_ns < CLOCK_NS_PER_S) {
        return false;
    }
    server->complained_ns = now_ns;
    return true;
}

static void
log_refusal(struct server *server, const char *why, uint64_t now_ns)
{
    server->refused++;
    if (may_complain(server, now_ns)) {
        log_warning(server->config.log, "refused %llu client%s: %s",
                    (unsigned long long)server->refused,
                    server->refused == 1 ? "" : "s", why);
        server->refused = 0;
    }
}

static void
refuse(struct server *server, int fd, const char *why)
{
    uint64_t now_ns = clock_now_ns(NULL);

    log_refusal(server, why, now_ns);
    closings_refuse(&server->closings, fd, now_ns);
}

/* A close is no reset while nothing has come that nobody read. */
static bool
is_drained(int fd)
{
    char next;

    return recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static void
close_client(struct server *server, int fd, bool silent)
{
    if (silent && is_drained(fd)) {
        (void)close(fd);
    } else {
        closings_add(&server->closings, fd, NULL, clock_now_ns(NULL));
    }
}

/* Every place is free, and given to the next, before its client knows. */
static void
reap_finished(struct server *server)
{
    int fd;
    bool silent;

    for (uint32_t i = 0; i < server->config.clients_max; i++) {
        if (roster_reap(&server->roster, &fd, &silent)) {
            return;
        }
        close_client(server, fd, silent);
    }
}

static bool
is_full(const struct server *server)
{
    return server->roster.count == server->config.clients_max;
}

static void
admit(struct server *server, int fd, const struct sockaddr *peer)
{
    if (is_full(server)) {
        reap_finished(server);
    }
    if (is_full(server)) {
        refuse(server, fd, "every place is taken (--max-clients)");
        return;
    }
    statistics_add(&server->statistics.clients, 1);
    int error = roster_admit(&server->roster, fd, server->numbers + 1, peer);
    if (error) {
        statistics_add(&server->statistics.clients, UINT64_MAX);
        refuse(server, fd, "the system has no more threads");
        return;
    }
    server->numbers++;
    statistics_add(&server->statistics.clients_total, 1);
}

static void
set_listening(struct server *server, uint32_t events)
{
    const struct listener *listener = server->config.listener;

    for (size_t i = 0; i < listener->count; i++) {
        struct epoll_event event = {.events = events,
                                    .data.u32 = EVENT_LISTENER + (uint32_t)i};
        (void)!epoll_ctl(server->epoll, EPOLL_CTL_MOD, listener->sockets[i],
                         &event);
    }
}

static void
pause_listening(struct server *server)
{
    uint64_t now_ns = clock_now_ns(NULL);

    set_listening(server, 0);
    server->paused_ns = clock_add_ns(now_ns, SERVER_PAUSE_NS);
    if (may_complain(server, now_ns)) {
        log_warning(server->config.log,
                    "newcomers wait: the process has no more descriptors");
    }
}

/* Whoever waits to be let in is told, where one descriptor is to be had. */
static void
accept_with_spare(struct server *server, int listening)
{
    if (server->spare_fd >= 0) {
        (void)close(server->spare_fd);
        server->spare_fd = -1;
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            refuse(server, fd, "the process has no more descriptors");
            return;
        }
    }
    pause_listening(server);
}

static bool
is_exhaustion(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

/* Errors: EAGAIN  nobody waits, or nobody can be let in for now */
static int
accept_one(struct server *server, int listening)
{
    struct sockaddr_storage peer = {0};
    socklen_t bytes = sizeof peer;

    keep_spare(server);
    int fd = accept4(listening, (struct sockaddr *)&peer, &bytes, SOCK_CLOEXEC);
    if (fd >= 0) {
        admit(server, fd, (struct sockaddr *)&peer);
        return 0;
    }
    int error = errno;
    if (is_exhaustion(error)) {
        accept_with_spare(server, listening);
        return EAGAIN;
    }
    return error == EAGAIN ? EAGAIN : 0; /* the others are that client's own */
}

static void
accept_clients(struct server *server, size_t which)
{
    const struct listener *listener = server->config.listener;
    int error = 0;

    if (server->stopped_ns) {
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_EVENT && !error; i++) {
        error = accept_one(server, listener->sockets[which]);
    }
}

static void
begin_stop(struct server *server)
{
    if (server->stopped_ns) {
        return;
    }
    (void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->stop_fd, NULL);
    server->stopped_ns = clock_now_ns(NULL);
    server->paused_ns = 0;
    listener_close(server->config.listener);
    roster_cancel(&server->roster);
}

/* Whoever asks again, for whatever reason, is not worth a line. */
static void
end(struct server *server, const char *why)
{
    const uint32_t count = server->roster.count;
    struct complaint news;

    if (!atomic_load_explicit(&server->stopping, memory_order_acquire)) {
        complaint_set(&news, "ending, with %u client%s connected: %s", count,
                      count == 1 ? "" : "s", why);
        log_notice(server->config.log, "%s", news.text);
        supervisor_stopping(server->config.supervisor, news.text);
    }
    server_stop(server);
}

static void
reload(struct server *server)
{
    supervisor_reloading(server->config.supervisor);
    log_reopen(server->config.log);
    supervisor_reloaded(server->config.supervisor);
}

static void
take_signal(struct server *server)
{
    struct signalfd_siginfo signal;
    char why[64];

    if (read(server->config.signals, &signal, sizeof signal) !=
        (ssize_t)sizeof signal) {
        return;
    }
    if (signal.ssi_signo == SIGHUP && !server->config.hangup_stops) {
        reload(server);
        return;
    }
    (void)snprintf(why, sizeof why, "signal %u from process %u",
                   signal.ssi_signo, signal.ssi_pid);
    end(server, why);
}

static void
take_control(struct server *server)
{
    if (control_dispatch(server->config.control)) {
        end(server, "asked by dipcrm");
    }
}

static void
dispatch(struct server *server, uint32_t kind)
{
    switch (kind) {
    case EVENT_STOP:
        begin_stop(server);
        break;
    case EVENT_FINISHED:
        reap_finished(server);
        break;
    case EVENT_HANGUP:
        roster_dispatch_hangups(&server->roster);
        break;
    case EVENT_CLOSING:
        closings_dispatch(&server->closings, clock_now_ns(NULL));
        break;
    case EVENT_CONTROL:
        take_control(server);
        break;
    case EVENT_SIGNAL:
        take_signal(server);
        break;
    default:
        accept_clients(server, kind - EVENT_LISTENER);
        break;
    }
}

static uint64_t
sooner(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* See to what is due by time, and tell when that is next. */
static uint64_t
keep_time(struct server *server)
{
    uint64_t now_ns = clock_now_ns(NULL);
    uint64_t next_ns = closings_expire(&server->closings, now_ns);

    if (server->paused_ns && server->paused_ns <= now_ns) {
        server->paused_ns = 0;
        set_listening(server, EPOLLIN);
    }
    if (server->paused_ns) {
        next_ns = sooner(next_ns, server->paused_ns);
    }
    if (!server->stopped_ns) {
        return next_ns;
    }
    uint64_t grace_ns = server->stopped_ns + SERVER_GRACE_NS;
    if (!server->is_shut && grace_ns <= now_ns) {
        server->is_shut = true;
        roster_shut(&server->roster);
    }
    return sooner(next_ns, server->is_shut ? server->stopped_ns + SERVER_END_NS
                                           : grace_ns);
}

/* Nobody is left, or those who are have had their time. */
static bool
is_over(const struct server *server)
{
    if (!server->stopped_ns) {
        return false;
    }
    if (server->roster.count == 0 &&
        (server->closings.count == 0 || server->is_shut)) {
        return true;
    }
    return clock_now_ns(NULL) >= server->stopped_ns + SERVER_END_NS;
}

int
server_run(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        uint64_t next_ns = keep_time(server);
        if (is_over(server)) {
            break;
        }
        int count = epoll_wait(server->epoll, events, EVENTS_MAX,
                               clock_remaining_ms(clock_now_ns(NULL), next_ns));
        for (int i = 0; i < count; i++) {
            dispatch(server, events[i].data.u32);
        }
    }
    if (server->roster.count > 0) {
        log_error(server->config.log, "%u clients' threads did not end",
                  server->roster.count);
        return ETIMEDOUT;
    }
    log_notice(server->config.log, "ended");
    return 0;
}
