/*
 * Idea: calls that only tell the system something which no schedule depends
 * on: buffers of output, the ways of scheduling, names of threads, which
 * signals are ignored. No signal ever comes, so a handler is refused.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "access.h"
#include "finding.h"
#include "options.h"
#include "program.h"

HD_LIBC(int, setvbuf, FILE *of, char *buffer, int mode, size_t bytes)
{
    (void)of;
    (void)buffer;
    (void)mode;
    (void)bytes;
    return 0;
}

HD_LIBC(void, setbuf, FILE *of, char *buffer)
{
    (void)of;
    (void)buffer;
}

HD_LIBC(void, setlinebuf, FILE *of)
{
    (void)of;
}

HD_LIBC(void, flockfile, FILE *of)
{
    (void)of;
}

HD_LIBC(void, funlockfile, FILE *of)
{
    (void)of;
}

HD_LIBC(int, fileno, FILE *of)
{
    return of == stderr ? 2 : 1;
}

HD_LIBC(int, isatty, int descriptor)
{
    (void)descriptor;
    errno = ENOTTY;
    return 0;
}

HD_LIBC(char *, setlocale, int category, const char *wanted)
{
    static HD_OWN char name[] = "C";
    bool plain = wanted == NULL || wanted[0] == '\0' ||
                 strcmp(wanted, "C") == 0 || strcmp(wanted, "POSIX") == 0;

    (void)category;
    return plain ? name : NULL;
}

static void
no_handler(bool handler, const void *pc)
{
    if (handler) {
        hd_finding_at((uint32_t)(uintptr_t)pc, 0);
        hd_finding(HD_UNSUPPORTED,
                   "thread %d wants a signal handler: signals "
                   "are not modelled, they can only be ignored",
                   hd.self->id);
    }
}

HD_LIBC(sighandler_t, signal, int number, sighandler_t handler)
{
    (void)number;
    no_handler(handler != SIG_IGN && handler != SIG_DFL, HD_CALLER);
    return SIG_DFL;
}

HD_LIBC(int, sigaction, int number, const struct sigaction *wanted,
        struct sigaction *old)
{
    struct sigaction none;

    (void)number;
    if (wanted != NULL) {
        hd_access_plain(wanted, sizeof(*wanted), false, HD_CALLER);
        no_handler(wanted->sa_handler != SIG_IGN &&
                       wanted->sa_handler != SIG_DFL,
                   HD_CALLER);
    }
    if (old != NULL) {
        memset(&none, 0, sizeof(none));
        hd_access_result(old, &none, sizeof(none), HD_CALLER);
    }
    return 0;
}

/* Blocked or not, none comes. */
static int
mask(sigset_t *old, const void *pc)
{
    sigset_t none;

    if (old != NULL) {
        sigemptyset(&none);
        hd_access_result(old, &none, sizeof(none), pc);
    }
    return 0;
}

HD_LIBC(int, pthread_sigmask, int how, const sigset_t *wanted, sigset_t *old)
{
    (void)how;
    (void)wanted;
    return mask(old, HD_CALLER);
}

HD_LIBC(int, sigprocmask, int how, const sigset_t *wanted, sigset_t *old)
{
    (void)how;
    (void)wanted;
    return mask(old, HD_CALLER);
}

#define SIGNAL_SET(name)                                     \
    HD_LIBC(int, name, sigset_t *set)                        \
    {                                                        \
        hd_access_plain(set, sizeof(*set), true, HD_CALLER); \
        return name(set);                                    \
    }

SIGNAL_SET(sigemptyset)
SIGNAL_SET(sigfillset)

HD_LIBC(int, sigaddset, sigset_t *set, int number)
{
    hd_access_plain(set, sizeof(*set), true, HD_CALLER);
    return sigaddset(set, number);
}

HD_LIBC(int, sigdelset, sigset_t *set, int number)
{
    hd_access_plain(set, sizeof(*set), true, HD_CALLER);
    return sigdelset(set, number);
}

HD_LIBC(int, pthread_setname_np, pthread_t which, const char *name)
{
    struct hd_thread *thread = hd_program_thread(which);
    size_t length = strlen(name);

    hd_access_plain(name, length + 1, false, HD_CALLER);
    if (thread == NULL) {
        return ESRCH;
    }
    if (length >= sizeof(thread->name)) {
        return ERANGE;
    }
    memcpy(thread->name, name, length + 1);
    return 0;
}

HD_LIBC(int, pthread_getname_np, pthread_t which, char *to, size_t bytes)
{
    struct hd_thread *thread = hd_program_thread(which);
    size_t length;

    if (thread == NULL) {
        return ESRCH;
    }
    length = strlen(thread->name) + 1;
    if (bytes < length) {
        return ERANGE;
    }
    hd_access_result(to, thread->name, length, HD_CALLER);
    return 0;
}

/* How threads share the processors: every schedule is tried anyway. */
#define NO_MATTER(name, ...)        \
    HD_LIBC(int, name, __VA_ARGS__) \
    {                               \
        return 0;                   \
    }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
NO_MATTER(pthread_setaffinity_np, pthread_t which, size_t bytes,
          const cpu_set_t *set)
NO_MATTER(pthread_setschedparam, pthread_t which, int policy,
          const struct sched_param *with)
NO_MATTER(pthread_setschedprio, pthread_t which, int priority)
NO_MATTER(pthread_setconcurrency, int level)
NO_MATTER(sched_setaffinity, pid_t which, size_t bytes, const cpu_set_t *set)
NO_MATTER(pthread_attr_setscope, pthread_attr_t *to, int scope)
NO_MATTER(pthread_attr_setinheritsched, pthread_attr_t *to, int inherit)
NO_MATTER(pthread_attr_setschedpolicy, pthread_attr_t *to, int policy)
NO_MATTER(pthread_attr_setschedparam, pthread_attr_t *to,
          const struct sched_param *with)
NO_MATTER(pthread_attr_setguardsize, pthread_attr_t *to, size_t bytes)
NO_MATTER(pthread_attr_setaffinity_np, pthread_attr_t *to, size_t bytes,
          const cpu_set_t *set)
NO_MATTER(pthread_atfork, void (*before)(void), void (*parent)(void),
          void (*child)(void))
#pragma GCC diagnostic pop
