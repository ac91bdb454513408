#include "gather.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "complaint.h"
#include "gather_parent.h"
#include "gather_wait.h"
#include "server.h"
#include "wakeup.h"

#define STRANGERS_MAX 64

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
    gather->awaited =
        calloc((size_t)count + GATHER_PARENT_AWAITED, sizeof *gather->awaited);
    if (!gather->children || !gather->awaited) {
        free(gather->children);
        free(gather->awaited);
        return ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        gather_child_init(&gather->children[i]);
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
    error = gather_listener_open(&gather->listener, gather->options.address,
                                 gather->options.port, complaint);
    if (error) {
        goto fini_collector;
    }
    error = open_signals(gather);
    if (!error) {
        return 0;
    }
    gather_listener_close(&gather->listener);
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
    return gather->listener.address;
}

const char *
gather_token(const struct gather *gather, unsigned which)
{
    (void)gather_parent_child(gather, which);
    return collector_token(&gather->collector, which);
}

void
gather_expect(struct gather *gather, unsigned which)
{
    struct gather_child *child = gather_parent_child(gather, which);

    assert(child->origin == GATHER_CHILD_NONE);
    child->origin = GATHER_CHILD_ELSEWHERE;
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
        .listener = &gather->listener.base,
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

static int
sum_up(struct gather *gather)
{
    gather_wait_tell(gather);
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
        gather_wait_all(gather);
        (void)sum_up(gather);
        return error;
    }
    gather_wait_all(gather);
    end_server(gather);
    gather_listener_close(&gather->listener);
    error = sum_up(gather);
    return gather->has_strays ? ETIMEDOUT : error;
}

struct gather_progress
gather_progress(const struct gather *gather)
{
    return gather->progress;
}

/* ---- Results, and the end. ---- */

const struct gather_result *
gather_result(const struct gather *gather, unsigned which)
{
    return &gather_parent_child(gather, which)->result;
}

void *
gather_take(struct gather *gather, unsigned which)
{
    struct gather_result *result = &gather_parent_child(gather, which)->result;
    void *data = (void *)result->data;

    result->data = NULL;
    return data;
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
        gather_wait_all(gather);
    }
    gather_listener_close(&gather->listener);
    for (unsigned i = 0; i < gather->options.children; i++) {
        gather_child_fini(&gather->children[i]);
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
