#include "gather.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "collector.h"
#include "complaint.h"
#include "endpoint.h"
#include "gather_command.h"
#include "gather_verdict.h"
#include "listener.h"
#include "process.h"
#include "server.h"
#include "wakeup.h"

#define LINGER_NS CLOCK_NS_PER_S   /* to end, before a child is asked to */
#define RUDENESS_NS CLOCK_NS_PER_S /* from being asked to being killed */
#define ABANDON_NS (10 * CLOCK_NS_PER_S)
#define PROGRESS_NS (100 * CLOCK_NS_PER_MS)
#define STRANGERS_MAX 64
#define DESCRIPTORS_KEPT 24 /* for the server and some connections */
#define ADDRESS_MAX 320
#define DIRECTORY_MAX 64
#define CLEAR_UP_MS 2000 /* for a killed parent to be gone */
#define SOCKET_NAME "/socket"
#define UNDELIVERED 1 /* exit status: all was well but the way to the parent */

enum origin { ORIGIN_NONE, ORIGIN_HERE, ORIGIN_ELSEWHERE };

struct child {
    enum origin origin;
    struct process process; /* ORIGIN_HERE */
    int signalled;          /* declared an error by this signal; 0: not */
    int asked;              /* the last signal sent to end it; 0: none */
    uint64_t ask_ns;        /* when to send the next; 0: not yet known */
    struct gather_result result;
};

struct gather {
    struct gather_options options; /* const after create */
    struct collector collector;
    struct listener listener;
    char directory[DIRECTORY_MAX]; /* of the Unix socket; "": none */
    char address[ADDRESS_MAX];     /* for others */
    char own_address[ADDRESS_MAX]; /* for the children made here */
    pid_t maker;                   /* the parent of the children made here */
    int changed;                   /* an eventfd */
    int signals;                   /* a signalfd; -1: none */
    sigset_t before;               /* the signal mask, where there is one */
    _Atomic bool stopped;          /* by gather_stop */
    bool is_stopping;
    bool has_served;
    bool has_strays; /* threads that did not end, and use all of this */
    uint64_t deadline_ns;
    uint64_t told_ns; /* when progress was last called */
    struct server *server;
    pthread_t thread;
    struct child *children;
    struct pollfd *awaited; /* changed, signals, and one for each child */
    struct gather_progress progress;
};

/* ---- Making it. ---- */

static void
set_defaults(struct gather_options *options)
{
    if (options->stall_ms == 0) {
        options->stall_ms = GATHER_STALL_MS;
    }
    if (options->result_bytes_max == 0) {
        options->result_bytes_max = GATHER_RESULT_MAX;
    }
}

static int
judge_options(const struct gather_options *options, struct complaint *complaint)
{
    if (options->children < 1 || options->children > GATHER_CHILDREN_MAX) {
        complaint_set(complaint, "%u children are not 1 to %d",
                      options->children, GATHER_CHILDREN_MAX);
        return EINVAL;
    }
    if (options->fatal_signal < 0 || options->fatal_signal >= NSIG) {
        complaint_set(complaint, "%d is no signal", options->fatal_signal);
        return EINVAL;
    }
    return 0;
}

/* A directory that nobody else may enter, and the socket in it. */
static int
open_private(struct gather *gather, struct complaint *complaint)
{
    char path[DIRECTORY_MAX + sizeof SOCKET_NAME];
    const struct unix_socket_request request = {
        .path = path,
        .mode = UNIX_SOCKET_MODE,
        .user = UNIX_SOCKET_SAME_USER,
        .group = UNIX_SOCKET_SAME_GROUP,
    };
    const char *parent = getenv("TMPDIR");

    if (!parent || parent[0] != '/' || strlen(parent) > DIRECTORY_MAX - 24) {
        parent = "/tmp";
    }
    (void)snprintf(gather->directory, sizeof gather->directory,
                   "%s/dipc-gather-XXXXXX", parent);
    if (!mkdtemp(gather->directory)) {
        int error = errno;
        complaint_set(complaint, "no directory can be made in %s: %s", parent,
                      strerror(error));
        gather->directory[0] = '\0';
        return error;
    }
    (void)snprintf(path, sizeof path, "%s" SOCKET_NAME, gather->directory);
    listener_init(&gather->listener, 0);
    int error = listener_open_unix(&gather->listener, &request, complaint);
    if (error) {
        (void)rmdir(gather->directory);
        gather->directory[0] = '\0';
        return error;
    }
    (void)snprintf(gather->address, sizeof gather->address, "unix:%s", path);
    memcpy(gather->own_address, gather->address, sizeof gather->address);
    return 0;
}

/* "HOST:PORT" of what the first socket is bound to. */
static int
name_addresses(struct gather *gather)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    char host[256];

    if (getsockname(gather->listener.sockets[0], (struct sockaddr *)&address,
                    &bytes) < 0) {
        return errno;
    }
    if (!endpoint_is_wildcard((struct sockaddr *)&address)) {
        static_assert(sizeof gather->address >= ENDPOINT_TEXT_MAX, "it fits");
        endpoint_describe((struct sockaddr *)&address, gather->address);
        memcpy(gather->own_address, gather->address, sizeof gather->address);
        return 0;
    }
    if (gethostname(host, sizeof host) < 0) {
        return errno;
    }
    host[sizeof host - 1] = '\0';
    (void)snprintf(gather->address, sizeof gather->address, "%s:%u", host,
                   (unsigned)gather->listener.port);
    (void)snprintf(gather->own_address, sizeof gather->own_address, "%s:%u",
                   address.ss_family == AF_INET6 ? "[::1]" : "127.0.0.1",
                   (unsigned)gather->listener.port);
    return 0;
}

static int
open_public(struct gather *gather, struct complaint *complaint)
{
    int error = listener_open(&gather->listener, &gather->options.address, 1,
                              gather->options.port, complaint);
    if (error) {
        return error;
    }
    error = name_addresses(gather);
    if (error) {
        complaint_set(complaint, "this machine's name is not known: %s",
                      strerror(error));
        listener_close(&gather->listener);
    }
    return error;
}

static int
open_listener(struct gather *gather, struct complaint *complaint)
{
    return gather->options.address ? open_public(gather, complaint)
                                   : open_private(gather, complaint);
}

static void
close_listener(struct gather *gather)
{
    listener_close(&gather->listener);
    if (gather->directory[0] != '\0') {
        (void)rmdir(gather->directory);
        gather->directory[0] = '\0';
    }
}

static int
open_signals(struct gather *gather)
{
    sigset_t taken;

    if (!gather->options.fatal_signal) {
        return 0;
    }
    (void)sigemptyset(&taken);
    (void)sigaddset(&taken, gather->options.fatal_signal);
    gather->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    if (gather->signals < 0) {
        return errno;
    }
    (void)pthread_sigmask(SIG_BLOCK, &taken, &gather->before);
    return 0;
}

/* One that is pending must not end the program now. */
static void
close_signals(struct gather *gather)
{
    struct signalfd_siginfo signal;

    if (gather->signals < 0) {
        return;
    }
    while (read(gather->signals, &signal, sizeof signal) ==
           (ssize_t)sizeof signal) {
    }
    (void)close(gather->signals);
    (void)pthread_sigmask(SIG_SETMASK, &gather->before, NULL);
}

static int
allocate(struct gather *gather)
{
    const unsigned count = gather->options.children;

    gather->children = calloc(count, sizeof *gather->children);
    gather->awaited = calloc((size_t)count + 2, sizeof *gather->awaited);
    if (!gather->children || !gather->awaited) {
        free(gather->children);
        free(gather->awaited);
        return ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        gather->children[i].process.fd = -1;
    }
    return 0;
}

/* Up the ladder, and down again where a step fails. */
static int
build(struct gather *gather, struct complaint *complaint)
{
    int error = allocate(gather);
    if (error) {
        return error;
    }
    gather->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (gather->changed < 0) {
        error = errno;
        goto free_memory;
    }
    error = collector_init(&gather->collector, gather->options.children,
                           gather->options.result_bytes_max, gather->changed);
    if (error) {
        goto close_changed;
    }
    error = open_listener(gather, complaint);
    if (error) {
        goto fini_collector;
    }
    error = open_signals(gather);
    if (!error) {
        return 0;
    }
    close_listener(gather);
fini_collector:
    collector_fini(&gather->collector);
close_changed:
    (void)close(gather->changed);
free_memory:
    free(gather->children);
    free(gather->awaited);
    return error;
}

int
gather_create(const struct gather_options *options, struct gather **gather,
              char message[GATHER_MESSAGE_MAX])
{
    struct complaint complaint = {""};
    struct gather *made = NULL;

    static_assert(GATHER_MESSAGE_MAX >= COMPLAINT_MAX, "a complaint fits");
    int error = judge_options(options, &complaint);
    if (!error) {
        made = calloc(1, sizeof *made);
        error = made ? 0 : ENOMEM;
    }
    if (!error) {
        made->options = *options;
        made->signals = -1;
        made->progress.children = options->children;
        set_defaults(&made->options);
        error = build(made, &complaint);
    }
    if (!error) {
        *gather = made;
        return 0;
    }
    free(made);
    if (message) {
        (void)snprintf(message, GATHER_MESSAGE_MAX, "%s",
                       complaint.text[0] != '\0' ? complaint.text
                                                 : strerror(error));
    }
    return error;
}

const char *
gather_address(const struct gather *gather)
{
    return gather->address;
}

static struct child *
child_at(const struct gather *gather, unsigned which)
{
    assert(which < gather->options.children);
    return &gather->children[which];
}

const char *
gather_token(const struct gather *gather, unsigned which)
{
    (void)child_at(gather, which);
    return collector_token(&gather->collector, which);
}

/* ---- Making children. ---- */

/*
 * In the child: what is the parent's is not the child's.  A listening socket
 * that a child held open would outlive the parent.
 */
static void
let_go(struct gather *gather)
{
    for (size_t i = 0; i < gather->listener.count; i++) {
        (void)close(gather->listener.sockets[i]);
    }
    for (unsigned i = 0; i < gather->options.children; i++) {
        process_forget(&gather->children[i].process);
    }
    (void)close(gather->changed);
    if (gather->signals >= 0) {
        (void)close(gather->signals);
    }
}

/* Descriptors that connections will need are not spent on watching. */
static void
watch(struct child *child, pid_t pid, bool is_group)
{
    struct rlimit limit;

    process_watch(&child->process, pid, is_group);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && child->process.fd >= 0 &&
        (rlim_t)child->process.fd + DESCRIPTORS_KEPT > limit.rlim_cur) {
        process_forget(&child->process);
    }
}

/*
 * Fork; with the signals that the parent catches blocked, so that in the child
 * none of them is handled as the parent's.
 *   pid  0 in the child
 */
static int
divide(struct gather *gather, struct child *child, bool is_group, pid_t *pid)
{
    sigset_t all;
    sigset_t before;

    assert(child->origin == ORIGIN_NONE);
    assert(!gather->has_served);
    (void)fflush(NULL);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    gather->maker = getpid();
    *pid = fork();
    int error = *pid < 0 ? errno : 0;
    if (*pid == 0) {
        if (is_group) {
            (void)setpgid(0, 0);
        }
        let_go(gather);
        const int fatal = gather->options.fatal_signal;
        if (fatal && !sigismember(&gather->before, fatal)) {
            (void)sigdelset(&before, fatal);
        }
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        child->result.number = (uint64_t)error;
        return error;
    }
    if (is_group) { /* whichever of the two is first */
        (void)setpgid(*pid, *pid);
    }
    child->origin = ORIGIN_HERE;
    child->result.pid = *pid;
    watch(child, *pid, is_group);
    return 0;
}

/*
 * A process that was killed may close its connections before its sockets, so
 * that somebody still seems to listen: await its end, for a while.
 */
static void
await_maker(const struct gather *gather)
{
    struct process maker;

    process_watch(&maker, gather->maker, false);
    if (maker.fd >= 0 && getppid() == gather->maker) {
        struct pollfd ended = {.fd = maker.fd, .events = POLLIN};

        (void)!poll(&ended, 1, CLEAR_UP_MS);
    }
    process_forget(&maker);
}

/*
 * In a child whose delivery broke: a parent that was killed has left its
 * socket, and whoever finds nobody behind it removes it.
 */
static void
clear_up(const struct gather *gather)
{
    if (gather->directory[0] == '\0') {
        return;
    }
    await_maker(gather);
    if (unix_socket_clear(&gather->listener.local.file,
                          UNIX_SOCKET_SAME_USER)) {
        (void)rmdir(gather->directory);
    }
}

static struct gather_sender *
make_sender(const struct gather *gather, unsigned which)
{
    struct gather_sender *sender;

    if (gather_sender_create(gather->own_address, which,
                             gather_token(gather, which), &sender)) {
        _exit(UNDELIVERED);
    }
    return sender;
}

int
gather_fork(struct gather *gather, unsigned which,
            int (*run)(struct gather_sender *sender, unsigned which,
                       void *context),
            void *context)
{
    pid_t pid;

    int error = divide(gather, child_at(gather, which), false, &pid);
    if (error || pid != 0) {
        return error;
    }
    struct gather_sender *sender = make_sender(gather, which);
    int status = run(sender, which, context);
    if (status == 0 && gather_sender_finish(sender)) {
        status = UNDELIVERED;
    }
    const bool is_lost = gather_sender_look(sender) != 0;
    gather_sender_destroy(sender);
    (void)fflush(NULL);
    if (is_lost) {
        clear_up(gather);
    }
    _exit(status);
}

static void
set_variable(const char *name, unsigned value)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%u", value);
    (void)setenv(name, text, 1);
}

/* Signals that the parent handles are not the command's affair. */
static void
reset_signals(void)
{
    static const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1};

    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        (void)signal(handled[i], SIG_DFL);
    }
}

int
gather_spawn(struct gather *gather, unsigned which,
             const struct gather_command *command)
{
    pid_t pid;
    int status = 0;

    int error = divide(gather, child_at(gather, which), true, &pid);
    if (error || pid != 0) {
        return error;
    }
    reset_signals();
    set_variable("DIPC_CHILD", which);
    set_variable("DIPC_CHILDREN", gather->options.children);
    error =
        gather_command_run(make_sender(gather, which), command, true, &status);
    if (error) {
        clear_up(gather);
    }
    if (error && status == 0) {
        _exit(UNDELIVERED);
    }
    _exit(gather_command_mimic(status));
}

void
gather_expect(struct gather *gather, unsigned which)
{
    struct child *child = child_at(gather, which);

    assert(child->origin == ORIGIN_NONE);
    child->origin = ORIGIN_ELSEWHERE;
}

/* ---- Serving. ---- */

static void *
serve(void *argument)
{
    struct gather *gather = argument;

    gather->has_strays = server_run(gather->server) != 0;
    return NULL;
}

static int
start_thread(struct gather *gather)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&gather->thread, NULL, serve, gather);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static int
start_server(struct gather *gather)
{
    const struct gather_options *options = &gather->options;
    const struct server_config config = {
        .listener = &gather->listener,
        .source = &gather->collector.source,
        .signals = -1,
        .clients_max = options->children + STRANGERS_MAX,
        .packet_bytes = GATHER_PACKET_BYTES,
        .gap_ns = 50 * CLOCK_NS_PER_MS,
        .request_timeout_ns = options->stall_ms * CLOCK_NS_PER_MS,
        .idle_timeout_ns = CLOCK_NEVER,
        .mailboxes = options->children,
        .mailbox_bytes = options->result_bytes_max,
    };

    int error = server_create(&config, &gather->server);
    if (error) {
        return error;
    }
    error = start_thread(gather);
    if (error) {
        server_destroy(gather->server);
    }
    return error;
}

static void
end_server(struct gather *gather)
{
    server_stop(gather->server);
    int error = pthread_join(gather->thread, NULL);
    assert(!error);
    if (!gather->has_strays) {
        server_destroy(gather->server);
    }
}

void
gather_stop(struct gather *gather)
{
    atomic_store(&gather->stopped, true);
    wakeup_raise(gather->changed);
}

/* Who declared an error; a signal from anybody else is nobody's. */
static void
take_signals(struct gather *gather)
{
    struct signalfd_siginfo signal;

    while (read(gather->signals, &signal, sizeof signal) ==
           (ssize_t)sizeof signal) {
        for (unsigned i = 0; i < gather->options.children; i++) {
            struct child *child = &gather->children[i];
            if (child->origin == ORIGIN_HERE &&
                child->process.pid == (pid_t)signal.ssi_pid) {
                child->signalled = (int)signal.ssi_signo;
            }
        }
    }
}

static bool
is_decided(const struct child *child)
{
    return child->result.outcome != GATHER_RUNNING;
}

static void
record(struct gather *gather, unsigned which,
       const struct gather_result *result)
{
    struct child *child = &gather->children[which];
    const struct collector_report report =
        collector_forget(&gather->collector, which);

    child->result.outcome = result->outcome;
    child->result.number = result->number;
    child->result.length_bytes = (size_t)report.bytes;
    if (result->outcome == GATHER_COMPLETE) {
        child->result.type = report.type;
        child->result.data = collector_take(&gather->collector, which);
    } else if (gather->options.fail_fast) {
        gather->is_stopping = true;
    }
}

/* What was not started stays so; all others are judged by what is known. */
static void
judge(struct gather *gather, unsigned which, uint64_t now_ns,
      uint64_t *again_ns)
{
    struct child *child = &gather->children[which];
    struct gather_result result = {0};
    const struct gather_facts facts = {
        .report = collector_look(&gather->collector, which),
        .process = child->origin == ORIGIN_HERE ? &child->process : NULL,
        .signalled = child->signalled,
        .is_stopping = gather->is_stopping,
        .now_ns = now_ns,
        .deadline_ns = gather->deadline_ns,
    };

    if (child->origin == ORIGIN_NONE) {
        result.outcome = GATHER_NOT_STARTED;
        result.number = child->result.number;
        record(gather, which, &result);
    } else if (gather_verdict_reach(&facts, &result, again_ns)) {
        record(gather, which, &result);
    }
}

static void
count(struct gather *gather)
{
    struct gather_progress progress = {.children = gather->options.children};

    for (unsigned i = 0; i < progress.children; i++) {
        const struct child *child = &gather->children[i];
        const struct collector_report report =
            collector_look(&gather->collector, i);
        progress.bytes += report.bytes;
        if (child->result.outcome == GATHER_COMPLETE) {
            progress.complete++;
        } else if (is_decided(child)) {
            progress.failed++;
        } else if (report.state == COLLECTOR_OPEN) {
            progress.connected++;
        }
    }
    gather->progress = progress;
}

struct gather_progress
gather_progress(const struct gather *gather)
{
    return gather->progress;
}

static void
tell_progress(struct gather *gather, uint64_t now_ns, uint64_t *again_ns)
{
    if (!gather->options.progress) {
        return;
    }
    if (now_ns >= clock_add_ns(gather->told_ns, PROGRESS_NS)) {
        gather->told_ns = now_ns;
        count(gather);
        gather->options.progress(gather->options.context, gather);
    }
    if (*again_ns > gather->told_ns + PROGRESS_NS) {
        *again_ns = gather->told_ns + PROGRESS_NS;
    }
}

/* Look at all that is not decided; how many are left so. */
static unsigned
judge_all(struct gather *gather, uint64_t *again_ns)
{
    const uint64_t now_ns = clock_now_ns(NULL);
    unsigned left = 0;

    if (atomic_load(&gather->stopped)) {
        gather->is_stopping = true;
    }
    const bool was_stopping = gather->is_stopping;
    for (unsigned i = 0; i < gather->options.children; i++) {
        if (!is_decided(&gather->children[i])) {
            judge(gather, i, now_ns, again_ns);
            left += !is_decided(&gather->children[i]);
        }
    }
    if (!was_stopping && gather->is_stopping) {
        *again_ns = now_ns; /* once more, for those that came before */
    }
    tell_progress(gather, now_ns, again_ns);
    return left;
}

/* ---- Ending children. ---- */

static bool
is_alive(const struct child *child)
{
    return child->origin == ORIGIN_HERE && !child->process.has_ended;
}

/*
 * Ask one whose verdict is known to end, and kill it when it does not.  One
 * with a result has time: it is about to end by itself.
 */
static void
press(struct child *child, bool is_last, uint64_t now_ns, uint64_t *again_ns)
{
    if (!is_alive(child) || !is_decided(child)) {
        return;
    }
    if (child->ask_ns == 0) {
        const bool has_time = child->result.outcome == GATHER_COMPLETE;
        if (has_time && !is_last) {
            return;
        }
        child->ask_ns = now_ns + (has_time ? LINGER_NS : 0);
    }
    if (now_ns >= child->ask_ns) {
        child->asked = child->asked ? SIGKILL : SIGTERM;
        child->ask_ns = now_ns + RUDENESS_NS;
        process_signal(&child->process, child->asked);
    }
    if (child->ask_ns < *again_ns) {
        *again_ns = child->ask_ns;
    }
}

/* How many live on. */
static unsigned
press_all(struct gather *gather, bool is_last, uint64_t *again_ns)
{
    const uint64_t now_ns = clock_now_ns(NULL);
    unsigned alive = 0;

    for (unsigned i = 0; i < gather->options.children; i++) {
        press(&gather->children[i], is_last, now_ns, again_ns);
        alive += is_alive(&gather->children[i]);
    }
    return alive;
}

/* ---- The loop. ---- */

static void
look_at_processes(struct gather *gather)
{
    for (unsigned i = 0; i < gather->options.children; i++) {
        struct child *child = &gather->children[i];
        const bool is_told = gather->awaited[i + 2].revents != 0;
        if (is_alive(child) && (is_told || child->process.fd < 0)) {
            (void)process_look(&child->process);
        }
    }
}

/* Whoever has no descriptor is asked for again soon. */
static uint64_t
prepare(struct gather *gather, uint64_t until_ns)
{
    const uint64_t nap_ns = clock_now_ns(NULL) + PROCESS_NAP_NS;

    gather->awaited[0] =
        (struct pollfd){.fd = gather->changed, .events = POLLIN};
    gather->awaited[1] =
        (struct pollfd){.fd = gather->signals, .events = POLLIN};
    for (unsigned i = 0; i < gather->options.children; i++) {
        const struct child *child = &gather->children[i];
        const int fd = is_alive(child) ? child->process.fd : -1;
        gather->awaited[i + 2] = (struct pollfd){.fd = fd, .events = POLLIN};
        if (is_alive(child) && fd < 0 && nap_ns < until_ns) {
            until_ns = nap_ns;
        }
    }
    return until_ns;
}

static void
sleep_until(struct gather *gather, uint64_t until_ns)
{
    uint64_t raised;

    until_ns = prepare(gather, until_ns);
    struct timespec left = clock_remaining(clock_now_ns(NULL), until_ns);
    (void)!ppoll(gather->awaited, (nfds_t)gather->options.children + 2,
                 until_ns == CLOCK_NEVER ? NULL : &left, NULL);
    (void)!read(gather->changed, &raised, sizeof raised);
    if (gather->signals >= 0) {
        take_signals(gather);
    }
    look_at_processes(gather);
}

/* A killed process that the kernel does not let go is left to it. */
static void
await_all(struct gather *gather)
{
    uint64_t abandon_ns = CLOCK_NEVER;

    while (clock_now_ns(NULL) < abandon_ns) {
        uint64_t again_ns = abandon_ns;
        const bool is_last = judge_all(gather, &again_ns) == 0;
        if (press_all(gather, is_last, &again_ns) == 0 && is_last) {
            break;
        }
        if (is_last && abandon_ns == CLOCK_NEVER) {
            abandon_ns = clock_now_ns(NULL) + ABANDON_NS;
        }
        sleep_until(gather, again_ns);
    }
}

static int
sum_up(struct gather *gather)
{
    count(gather);
    if (gather->options.progress) {
        gather->options.progress(gather->options.context, gather);
    }
    if (gather->progress.complete == gather->options.children) {
        return 0;
    }
    return atomic_load(&gather->stopped) ? ECANCELED : ENODATA;
}

int
gather_serve(struct gather *gather)
{
    assert(!gather->has_served);
    gather->has_served = true;
    gather->deadline_ns = CLOCK_NEVER;
    if (gather->options.timeout_ms > 0) {
        gather->deadline_ns = clock_add_ns(
            clock_now_ns(NULL), gather->options.timeout_ms * CLOCK_NS_PER_MS);
    }
    int error = start_server(gather);
    if (error) {
        gather->is_stopping = true;
        await_all(gather);
        (void)sum_up(gather);
        return error;
    }
    await_all(gather);
    end_server(gather);
    close_listener(gather);
    error = sum_up(gather);
    return gather->has_strays ? ETIMEDOUT : error;
}

/* ---- Results. ---- */

const struct gather_result *
gather_result(const struct gather *gather, unsigned which)
{
    return &child_at(gather, which)->result;
}

void *
gather_take(struct gather *gather, unsigned which)
{
    struct gather_result *result = &child_at(gather, which)->result;
    void *data = (void *)result->data;

    result->data = NULL;
    return data;
}

static const char *
reason(const struct gather_result *result, char text[static GATHER_TEXT_MAX])
{
    const int number = (int)result->number;

    switch (result->outcome) {
    case GATHER_RUNNING:
        return "not served yet";
    case GATHER_COMPLETE:
        return "complete";
    case GATHER_EXITED:
        (void)snprintf(text, GATHER_TEXT_MAX, "exited %d", number);
        return text;
    case GATHER_KILLED:
        (void)snprintf(text, GATHER_TEXT_MAX, "killed by signal %d (%s)",
                       number, strsignal(number));
        return text;
    case GATHER_FAILED:
        (void)snprintf(text, GATHER_TEXT_MAX,
                       "declared a fatal error, number %" PRIu64,
                       result->number);
        return text;
    case GATHER_ABSENT:
        return "never connected";
    case GATHER_CUT_OFF:
        return "cut off in mid-result";
    case GATHER_TOO_SLOW:
        return "too slow";
    case GATHER_TOO_LARGE:
        return "sent more than it announced, or than is taken";
    case GATHER_NO_MEMORY:
        return "sent more than there is memory for";
    case GATHER_STOPPED:
        return "stopped before it was done";
    case GATHER_NOT_STARTED:
        break;
    }
    (void)snprintf(text, GATHER_TEXT_MAX, "not started%s%s", number ? ": " : "",
                   number ? strerror(number) : "");
    return text;
}

const char *
gather_describe(const struct gather_result *result, char text[GATHER_TEXT_MAX])
{
    char room[GATHER_TEXT_MAX];
    const char *why = reason(result, room);

    if (result->outcome == GATHER_COMPLETE) {
        (void)snprintf(text, GATHER_TEXT_MAX, "%zu bytes",
                       result->length_bytes);
    } else if (result->length_bytes > 0) {
        (void)snprintf(text, GATHER_TEXT_MAX, "%.80s, after %zu bytes", why,
                       result->length_bytes);
    } else {
        (void)snprintf(text, GATHER_TEXT_MAX, "%s", why);
    }
    return text;
}

void
gather_destroy(struct gather *gather)
{
    if (!gather) {
        return;
    }
    if (!gather->has_served) {
        gather->has_served = true;
        gather->is_stopping = true;
        gather->deadline_ns = CLOCK_NEVER;
        gather->options.progress = NULL;
        await_all(gather);
    }
    close_listener(gather);
    for (unsigned i = 0; i < gather->options.children; i++) {
        process_forget(&gather->children[i].process);
        free((void *)gather->children[i].result.data);
    }
    close_signals(gather);
    if (gather->has_strays) {
        return;
    }
    collector_fini(&gather->collector);
    (void)close(gather->changed);
    free(gather->children);
    free(gather->awaited);
    free(gather);
}
