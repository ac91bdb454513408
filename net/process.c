#include "process.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* By its number, for a libc that has no name for it. */
static int
open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

void
process_watch(struct process *process, pid_t pid, bool is_group)
{
    *process = (struct process){
        .pid = pid,
        .fd = open_pidfd(pid),
        .is_group = is_group,
    };
}

bool
process_look(struct process *process)
{
    pid_t got;

    if (process->has_ended) {
        return true;
    }
    do {
        got = waitpid(process->pid, &process->status, WNOHANG);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return false;
    }
    process->is_unknown = got < 0; /* ECHILD */
    process->has_ended = true;
    process->ended_ns = clock_now_ns(NULL);
    process_forget(process);
    return true;
}

void
process_signal(const struct process *process, int signal)
{
    if (!process->has_ended) {
        (void)!kill(process->is_group ? -process->pid : process->pid, signal);
    }
}

void
process_forget(struct process *process)
{
    if (process->fd >= 0) {
        (void)close(process->fd);
        process->fd = -1;
    }
}

bool
process_has_failed(const struct process *process)
{
    return process->has_ended && !process->is_unknown && process->status != 0;
}
