#include "service.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cgroup.h"
#include "control.h"
#include "listener.h"
#include "log.h"
#include "memory.h"
#include "naming.h"
#include "port_segment.h"
#include "segment_store.h"
#include "server.h"
#include "supervisor.h"

#define TRIES 8
#define ARENAS_MAX 2

struct service {
    const struct arguments *arguments;
    struct daemon *daemon;
    struct complaint complaint;
    struct log log;
    struct supervisor supervisor;
    int passed[SUPERVISOR_SOCKETS_MAX]; /* sockets, by the supervisor */
    size_t passed_count;
    struct listener listener;
    struct port_segment held;
    struct segment_source source;
    struct control control;
    int signals;
    struct server *server;
};

/* A write that fails is an error of that write, not the server's end. */
static void
ignore_deadly_signals(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

static int
open_signals(struct service *service)
{
    sigset_t taken;

    (void)sigemptyset(&taken);
    (void)sigaddset(&taken, SIGTERM);
    (void)sigaddset(&taken, SIGINT);
    (void)sigaddset(&taken, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &taken, NULL);
    service->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    if (service->signals < 0) {
        int error = errno;
        complaint_set(&service->complaint, "no descriptor for signals: %s",
                      strerror(error));
        return error;
    }
    return 0;
}

static void
warn(struct service *service, const struct complaint *warning)
{
    daemon_warn(service->daemon, warning);
    log_warning(&service->log, "%s", warning->text);
}

/* The soft limit is for programs that use select; this one does not. */
static void
raise_descriptor_limit(struct service *service)
{
    const uint64_t wanted = server_descriptors(service->arguments->clients_max);
    struct rlimit limit;
    struct complaint warning;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        (void)!getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted) {
        return;
    }
    complaint_set(&warning,
                  "%llu clients need %llu descriptors and the limit is %llu "
                  "('ulimit -Hn'): some will be refused",
                  (unsigned long long)service->arguments->clients_max,
                  (unsigned long long)wanted,
                  (unsigned long long)limit.rlim_cur);
    warn(service, &warning);
}

static int
open_log(struct service *service)
{
    const struct arguments *arguments = service->arguments;
    const char *destination = arguments->log;

    if (!destination) {
        destination = arguments->foreground ? "stderr" : "syslog";
    }
    return log_init(&service->log, destination, arguments->verbose,
                    &service->complaint);
}

/* A server that can tell its supervisor nothing is of use all the same. */
static int
meet_supervisor(struct service *service)
{
    struct complaint warning;

    if (!service->arguments->foreground) {
        return 0;
    }
    if (supervisor_connect(&service->supervisor, &warning)) {
        warn(service, &warning);
    }
    return supervisor_take_sockets(service->passed, &service->passed_count,
                                   &service->complaint);
}

/* What the supervisor listens on is known to it alone. */
static int
adopt_listener(struct service *service)
{
    const struct arguments *arguments = service->arguments;

    if (arguments->listen_count > 0) {
        complaint_set(&service->complaint,
                      "--listen '%s': the supervisor passed the sockets to "
                      "listen on; its own settings name addresses "
                      "(ListenStream=)",
                      arguments->listen[0]);
        return EADDRNOTAVAIL;
    }
    return listener_adopt(&service->listener, service->passed,
                          service->passed_count, arguments->port,
                          &service->complaint);
}

static int
open_listener(struct service *service)
{
    const struct arguments *arguments = service->arguments;

    if (service->passed_count > 0) {
        return adopt_listener(service);
    }
    if (arguments->listens_nowhere) {
        listener_init(&service->listener, arguments->port);
        return 0;
    }
    int error = listener_open(&service->listener, arguments->listen,
                              arguments->listen_count, arguments->port,
                              &service->complaint);
    if (error == EADDRINUSE && arguments->port != 0) {
        (void)!port_segment_complain(geteuid(), arguments->port,
                                     &service->complaint);
    }
    return error;
}

static struct segment_geometry
geometry_of(const struct arguments *arguments)
{
    return (struct segment_geometry){
        .mailboxes_count = arguments->mailboxes,
        .seats_count = arguments->clients_max,
        .mailbox_bytes = arguments->mailbox_bytes,
    };
}

static void
complain_of_size(struct service *service, uint64_t bytes, const char *giver,
                 uint64_t given_bytes)
{
    char wanted[MEMORY_TEXT_MAX];
    char given[MEMORY_TEXT_MAX];

    memory_describe(bytes, wanted);
    memory_describe(given_bytes, given);
    complaint_set(&service->complaint,
                  "%lu mailboxes of %llu kB need %s of memory, and %s has %s "
                  "free",
                  (unsigned long)service->arguments->mailboxes,
                  (unsigned long long)service->arguments->mailbox_bytes / 1024,
                  wanted, giver, given);
}

/* Before anything is created: what can never be had is refused. */
static int
measure_segment(struct service *service, uint64_t *bytes)
{
    struct segment_geometry geometry = geometry_of(service->arguments);

    int error = segment_measure(&geometry, bytes);
    if (error) {
        complaint_set(&service->complaint,
                      "%lu mailboxes of %llu kB are more than memory can "
                      "address",
                      (unsigned long)geometry.mailboxes_count,
                      (unsigned long long)geometry.mailbox_bytes / 1024);
        return error;
    }
    uint64_t available_bytes = memory_available();
    if (*bytes > available_bytes) {
        complain_of_size(service, *bytes, "this machine", available_bytes);
        return ENOMEM;
    }
    available_bytes = cgroup_memory_left(CGROUP_LIST, CGROUP_MOUNT);
    if (*bytes > available_bytes) {
        complain_of_size(service, *bytes, "its control group", available_bytes);
        return ENOMEM;
    }
    return 0;
}

/* What is there already needs no more memory. */
static int
verify_memory(struct service *service)
{
    uint64_t bytes = 0;

    if (!service->arguments->fresh &&
        port_segment_exists(geteuid(), service->listener.port)) {
        return 0;
    }
    return measure_segment(service, &bytes);
}

static int
open_segment(struct service *service)
{
    const struct arguments *arguments = service->arguments;
    const struct port_segment_request request = {
        .user = geteuid(),
        .port = service->listener.port,
        .geometry = geometry_of(arguments),
        .attachable = arguments->attachable,
        .checked = arguments->checked,
        .fresh = arguments->fresh,
        .unclaimed = arguments->port == 0 && service->passed_count == 0,
    };
    uint64_t bytes = 0;

    int error = verify_memory(service);
    if (error) {
        return error;
    }
    error = port_segment_open(&service->held, &request, &service->log,
                              &service->complaint);
    if (error == ENOSPC && segment_measure(&request.geometry, &bytes) == 0) {
        complain_of_size(service, bytes, NAMING_SHARED_MEMORY,
                         memory_shared_available(NAMING_SHARED_MEMORY));
    }
    return error;
}

/* Any port is one whose name is free too: others may have left segments. */
static int
claim_port(struct service *service)
{
    const bool may_choose =
        service->arguments->port == 0 && service->passed_count == 0;
    const int tries = may_choose ? TRIES : 1;
    int error = EEXIST;

    for (int i = 0; i < tries && error == EEXIST; i++) {
        error = open_listener(service);
        if (error) {
            return error;
        }
        error = open_segment(service);
        if (error) {
            listener_close(&service->listener);
        }
    }
    return error;
}

/* The port is this server's by now, and so is what was noted for it. */
static int
open_unix(struct service *service)
{
    if (!service->arguments->local.path) {
        return 0;
    }
    int error = listener_open_unix(
        &service->listener, &service->arguments->local, &service->complaint);
    if (error) {
        return error;
    }
    error =
        control_note_socket(&service->control, &service->listener.local.file);
    if (error) {
        complaint_set(&service->complaint, "%s cannot be noted for dipcrm: %s",
                      service->listener.local.file.path, strerror(error));
    }
    return error;
}

/* Whoever starts a server that takes mailboxes over is told what it got. */
static void
tell_adoption(struct service *service)
{
    const struct segment_adoption *adoption = &service->held.adoption;
    struct complaint news;

    if (!service->held.adopted) {
        return;
    }
    complaint_set(&news,
                  "port %u: took over what a killed server left: %lu written "
                  "mailboxes kept, %lu reset",
                  (unsigned)service->listener.port,
                  (unsigned long)adoption->kept,
                  (unsigned long)adoption->reset);
    warn(service, &news);
}

static int
create_server(struct service *service)
{
    const struct arguments *arguments = service->arguments;
    const struct server_config config = {
        .listener = &service->listener,
        .source = &service->source.source,
        .control = &service->control,
        .log = &service->log,
        .supervisor = &service->supervisor,
        .signals = service->signals,
        .hangup_stops = arguments->foreground &&
                        service->log.sink != LOG_SINK_FILE &&
                        !supervisor_is_there(&service->supervisor),
        .clients_max = arguments->clients_max,
        .concurrency = arguments->concurrency,
        .packet_bytes = arguments->packet_bytes,
        .gap_ns = arguments->gap_ns,
        .request_timeout_ns = arguments->request_timeout_ns,
        .idle_timeout_ns = arguments->idle_timeout_ns,
        .wait_max_ns = arguments->wait_max_ns,
        .mailboxes = arguments->mailboxes,
        .mailbox_bytes = arguments->mailbox_bytes,
        .instance = service->held.segment.instance,
        .lock_recoveries = &service->held.segment.seats.totals->recoveries,
    };

    int error = server_create(&config, &service->server);
    if (error) {
        complaint_set(&service->complaint, "the server cannot be made: %s",
                      strerror(error));
    }
    return error;
}

static void
describe_start(const struct service *service, struct complaint *news)
{
    const struct arguments *arguments = service->arguments;
    char addresses[LISTENER_TEXT_MAX];

    listener_describe(&service->listener, addresses);
    complaint_set(news,
                  "listening on %s: %lu mailboxes of %llu kB, packets of %zu "
                  "kB",
                  addresses, (unsigned long)arguments->mailboxes,
                  (unsigned long long)arguments->mailbox_bytes / 1024,
                  arguments->packet_bytes / 1024);
}

/*
 * A thread that did not end still uses the segment and the server: what others
 * see is removed, and the process ends without taking the rest apart.
 */
static void
abandon(struct service *service)
{
    control_close(&service->control);
    port_segment_unlink(&service->held);
    _exit(EXIT_FAILURE);
}

static int
serve(struct service *service)
{
    const unsigned printed =
        service->arguments->port == 0 ? service->listener.port : 0;
    struct complaint news;

    describe_start(service, &news);
    log_notice(&service->log, "%s", news.text);
    if (!service->arguments->foreground && chdir("/") < 0) {
        log_warning(&service->log, "cannot leave the directory: %s",
                    strerror(errno));
    }
    int error = daemon_ready(service->daemon, printed);
    if (error) {
        complaint_set(&service->complaint,
                      "whoever started the server cannot be told: %s",
                      strerror(error));
        log_error(&service->log, "%s", service->complaint.text);
        return error;
    }
    supervisor_ready(&service->supervisor, news.text);
    if (server_run(service->server)) {
        abandon(service);
    }
    return 0;
}

/* Up the ladder and down again, from the port on. */
static int
run_on_port(struct service *service)
{
    int error = claim_port(service);
    if (error) {
        return error;
    }
    tell_adoption(service);
    segment_store_init(&service->source, &service->held.segment,
                       service->arguments->lock_timeout_ns, &service->log);
    error = control_open(&service->control, service->listener.port,
                         &service->complaint);
    if (error) {
        goto close_segment;
    }
    error = open_unix(service);
    if (!error) {
        error = create_server(service);
    }
    if (error) {
        goto close_control;
    }
    error = serve(service);
    server_destroy(service->server);
close_control:
    control_close(&service->control);
close_segment:
    if (error) {
        port_segment_abandon(&service->held);
    } else {
        port_segment_close(&service->held);
    }
    listener_close(&service->listener);
    return error;
}

int
service_run(const struct arguments *arguments, struct daemon *daemon)
{
    struct service service = {
        .arguments = arguments, .daemon = daemon, .supervisor = {.notify = -1}};

    (void)mallopt(M_ARENA_MAX, ARENAS_MAX);
    ignore_deadly_signals();
    int error = open_log(&service);
    if (error) {
        goto report;
    }
    raise_descriptor_limit(&service);
    error = meet_supervisor(&service);
    if (error) {
        goto close_log;
    }
    error = open_signals(&service);
    if (error) {
        goto close_supervisor;
    }
    error = run_on_port(&service);
    (void)close(service.signals);
close_supervisor:
    supervisor_close(&service.supervisor);
close_log:
    log_fini(&service.log);
report:
    if (error == EADDRNOTAVAIL || error == ENAMETOOLONG) {
        /* What --listen or --unix named. */
        daemon_reject(daemon, &service.complaint);
        return DAEMON_MISUSE;
    }
    if (error) {
        daemon_fail(daemon, &service.complaint);
    }
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
