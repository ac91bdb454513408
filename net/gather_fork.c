#include "gather.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gather_command.h"
#include "gather_parent.h"
#include "process.h"

#define CLEAR_UP_MS 2000 /* for a killed parent to be gone */
#define UNDELIVERED 1 /* exit status: all was well but the way to the parent */

/*
 * In the child: what is the parent's is not the child's.  A listening socket
 * that a child held open would outlive the parent.
 */
static void
let_go(struct gather *gather)
{
    gather_listener_let_go(&gather->listener);
    for (unsigned i = 0; i < gather->options.children; i++) {
        process_forget(&gather->children[i].process);
    }
    (void)close(gather->changed);
    if (gather->signals >= 0) {
        (void)close(gather->signals);
    }
}

/*
 * Fork; with the signals that the parent catches blocked, so that in the child
 * none of them is handled as the parent's.
 *   pid  0 in the child
 */
static int
divide(struct gather *gather, struct gather_child *child, bool is_group,
       pid_t *pid)
{
    sigset_t all;
    sigset_t before;

    assert(child->origin == GATHER_CHILD_NONE);
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
    gather_child_watch(child, *pid, is_group);
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
    if (gather_listener_is_private(&gather->listener)) {
        await_maker(gather);
        gather_listener_clear(&gather->listener);
    }
}

static struct gather_sender *
make_sender(const struct gather *gather, unsigned which)
{
    struct gather_sender *sender;

    if (gather_sender_create(gather->listener.own_address, which,
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

    int error = divide(gather, gather_parent_child(gather, which), false, &pid);
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

    int error = divide(gather, gather_parent_child(gather, which), true, &pid);
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
