#include "gather_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define GRACE_NS CLOCK_NS_PER_S

/* One run.  All of it is its own process's. */
struct run {
    struct gather_sender *sender;
    const struct gather_command *command;
    bool leads_group;
    sigset_t before; /* the signals that were blocked */
    int signals;     /* a signalfd */
    int output;      /* the command's; -1: at its end */
    pid_t pid;
    bool has_ended;
    int status;       /* once it has ended */
    int error;        /* the first from the sender */
    uint64_t kill_ns; /* when to be rude; 0: not ending it */
};

/* ---- The command's side of the fork. ---- */

static void
restore_limit(const struct gather_command *command)
{
    struct rlimit limit;

    if (command->descriptors_max > 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        command->descriptors_max < limit.rlim_max) {
        limit.rlim_cur = command->descriptors_max;
        (void)!setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Have a descriptor at this number, and open after execve. */
static void
place(int fd, int at)
{
    if (fd < 0 || (fd == at ? fcntl(fd, F_SETFD, 0) : dup2(fd, at)) < 0) {
        _exit(GATHER_COMMAND_NOT_RUN);
    }
}

static void
become_command(const struct run *run, int output, pid_t parent)
{
    place(output, STDOUT_FILENO);
    if (!run->command->keeps_input) {
        place(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    }
    restore_limit(run->command);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) { /* it died before it could be told */
        _exit(GATHER_COMMAND_NOT_RUN);
    }
    (void)sigprocmask(SIG_SETMASK, &run->before, NULL);
    (void)execvp(run->command->arguments[0], run->command->arguments);
    _exit(errno == ENOENT ? GATHER_COMMAND_NOT_FOUND : GATHER_COMMAND_NOT_RUN);
}

/* ---- Ours. ---- */

static int
open_signals(struct run *run)
{
    sigset_t taken;
    sigset_t blocked;

    (void)sigemptyset(&taken);
    (void)sigaddset(&taken, SIGCHLD);
    (void)sigaddset(&taken, SIGUSR1);
    blocked = taken;
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigaddset(&blocked, SIGHUP);
    (void)sigaddset(&blocked, SIGQUIT);
    (void)signal(SIGCHLD, SIG_DFL);
    (void)sigprocmask(SIG_BLOCK, &blocked, &run->before);
    run->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->signals < 0 ? errno : 0;
}

static int
start(struct run *run)
{
    const pid_t self = getpid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0) {
        return errno;
    }
    run->pid = fork();
    if (run->pid == 0) {
        become_command(run, ends[1], self);
    }
    int error = run->pid < 0 ? errno : 0;
    (void)close(ends[1]);
    if (error) {
        (void)close(ends[0]);
        return error;
    }
    run->output = ends[0];
    return 0;
}

static void
end_command(struct run *run, int signal)
{
    if (run->leads_group) {
        (void)!kill(0, signal);
    } else if (!run->has_ended) {
        (void)!kill(run->pid, signal);
    }
}

/* The result is lost: nothing more needs to be computed for it. */
static void
give_up(struct run *run, int error)
{
    if (!run->error) {
        run->error = error;
        run->kill_ns = clock_add_ns(clock_now_ns(NULL), GRACE_NS);
        end_command(run, SIGTERM);
    }
}

static void
send_some(struct run *run)
{
    static char data[GATHER_PACKET_BYTES];
    ssize_t got;

    do {
        got = read(run->output, data, sizeof data);
    } while (got < 0 && errno == EINTR);
    if (got < 0) { /* the rest of the result is lost */
        give_up(run, errno);
    }
    if (got <= 0) {
        (void)close(run->output);
        run->output = -1;
    } else if (!run->error) {
        int error = gather_sender_send(run->sender, data, (size_t)got);
        if (error) {
            give_up(run, error);
        }
    }
}

static void
declare_error(struct run *run, uint64_t number)
{
    int error = run->error;

    if (!error) {
        error = gather_sender_fail(run->sender, number);
        give_up(run, error ? error : ECANCELED);
    }
}

/* A command that cannot be waited for is taken for lost. */
static void
look_for_end(struct run *run)
{
    pid_t ended;

    do {
        ended = waitpid(run->pid, &run->status, WNOHANG);
    } while (ended < 0 && errno == EINTR);
    if (ended < 0) {
        give_up(run, errno);
    }
    run->has_ended = ended != 0;
}

static void
take_signals(struct run *run)
{
    struct signalfd_siginfo signal;

    while (read(run->signals, &signal, sizeof signal) ==
           (ssize_t)sizeof signal) {
        if (signal.ssi_signo == SIGUSR1) {
            declare_error(run, SIGUSR1);
        }
    }
    if (!run->has_ended) {
        look_for_end(run);
    }
}

/* It has ended its side, and says why or is gone. */
static void
look_for_parent(struct run *run)
{
    int error = gather_sender_look(run->sender);

    if (error) {
        give_up(run, error);
    }
}

static void
wait_and_see(struct run *run)
{
    struct pollfd awaited[] = {
        {.fd = run->signals, .events = POLLIN},
        {.fd = run->output, .events = POLLIN},
        {.fd = run->error ? -1 : gather_sender_descriptor(run->sender),
         .events = POLLRDHUP},
    };
    const uint64_t deadline_ns = run->kill_ns ? run->kill_ns : CLOCK_NEVER;

    (void)!poll(awaited, 3,
                clock_remaining_ms(clock_now_ns(NULL), deadline_ns));
    if (awaited[0].revents) {
        take_signals(run);
    }
    if (awaited[1].revents) {
        send_some(run);
    }
    if (awaited[2].revents && !run->error) {
        look_for_parent(run);
    }
    if (run->kill_ns && clock_now_ns(NULL) >= run->kill_ns) {
        end_command(run, SIGKILL);
    }
}

/* What is not ours to wait for any more, once the result is lost. */
static bool
is_over(const struct run *run)
{
    return run->has_ended && (run->output < 0 || run->error);
}

static int
see_to_its_end(struct run *run)
{
    /* Connected before there is output, it learns of the parent's end. */
    int error = gather_sender_connect(run->sender);

    if (error) {
        give_up(run, error);
    }
    while (!is_over(run)) {
        wait_and_see(run);
    }
    if (run->output >= 0) {
        (void)close(run->output);
    }
    if (!run->error && run->status == 0) {
        run->error = gather_sender_finish(run->sender);
    }
    return run->error;
}

int
gather_command_run(struct gather_sender *sender,
                   const struct gather_command *command, bool leads_group,
                   int *status)
{
    struct run run = {
        .sender = sender,
        .command = command,
        .leads_group = leads_group,
    };

    int error = open_signals(&run);
    if (error) {
        return error;
    }
    error = start(&run);
    if (!error) {
        error = see_to_its_end(&run);
        *status = run.status;
    }
    (void)close(run.signals);
    return error;
}

int
gather_command_mimic(int status)
{
    const struct rlimit none = {0};
    sigset_t only;

    if (!WIFSIGNALED(status)) {
        return WEXITSTATUS(status);
    }
    (void)!setrlimit(RLIMIT_CORE, &none); /* one of them is enough */
    (void)signal(WTERMSIG(status), SIG_DFL);
    (void)sigemptyset(&only);
    (void)sigaddset(&only, WTERMSIG(status));
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL);
    (void)raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}
