#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each line of a report begins with one of these. */
#define REPORT_WARNING 'W'
#define REPORT_FAILURE 'E'
#define REPORT_MISUSE 'U'
#define REPORT_READY 'R'

/* How often a call is made again that fails. */
#define TRIES_MAX 100

void
daemon_occupy_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR | O_NOCTTY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        (void)close(fd);
    }
}

int
daemon_finish_output(const char *program)
{
    int error = fflush(stdout) != 0 ? errno : 0;

    if (!error && !ferror(stdout)) {
        return EXIT_SUCCESS;
    }
    /* Why an earlier write failed is not known any more. */
    (void)fprintf(stderr, "%s: standard output cannot be written%s%s\n",
                  program, error ? ": " : "", error ? strerror(error) : "");
    return EXIT_FAILURE;
}

void
daemon_stay(struct daemon *daemon, const char *program)
{
    *daemon = (struct daemon){.program = program, .report = -1, .null = -1};
}

static int
print_number(const char *text)
{
    if (!strcmp(text, "0")) {
        return 0;
    }
    return printf("%s\n", text) < 0 || fflush(stdout) != 0 ? errno : 0;
}

/* Errors: those of standard output, which has what other programs want */
static int
print(const char *program, char kind, const char *text)
{
    switch (kind) {
    case REPORT_WARNING:
        (void)fprintf(stderr, "%s: warning: %s\n", program, text);
        return 0;
    case REPORT_FAILURE:
    case REPORT_MISUSE:
        (void)fprintf(stderr, "%s: %s\n", program, text);
        return 0;
    case REPORT_READY:
        return print_number(text);
    default:
        return 0;
    }
}

static int
report(struct daemon *daemon, char kind, const char *text)
{
    if (daemon->report < 0) {
        return print(daemon->program, kind, text);
    }
    return dprintf(daemon->report, "%c%s\n", kind, text) < 0 ? EPIPE : 0;
}

void
daemon_warn(struct daemon *daemon, const struct complaint *complaint)
{
    (void)!report(daemon, REPORT_WARNING, complaint->text);
}

void
daemon_fail(struct daemon *daemon, const struct complaint *complaint)
{
    (void)!report(daemon, REPORT_FAILURE, complaint->text);
}

void
daemon_reject(struct daemon *daemon, const struct complaint *complaint)
{
    (void)!report(daemon, REPORT_MISUSE, complaint->text);
}

/*
 * A byte from the other end, or its end: 0.  Whatever goes wrong is tried
 * again, for both ends must come to the same conclusion.
 */
static ssize_t
read_byte(int from)
{
    char byte;
    ssize_t got = -1;

    for (int i = 0; i < TRIES_MAX && got < 0; i++) {
        got = read(from, &byte, 1);
    }
    return got;
}

/* Errors: EPIPE  the parent is gone, or could not print */
static int
await_confirmation(int from)
{
    return read_byte(from) == 1 ? 0 : EPIPE;
}

/* Whoever started the server may wait for the end of what it had open. */
static void
let_go(const struct daemon *daemon, int fd)
{
    int failed = -1;

    for (int i = 0; i < TRIES_MAX && failed < 0; i++) {
        failed = dup2(daemon->null, fd);
    }
}

int
daemon_ready(struct daemon *daemon, unsigned number)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%u", number);
    int error = report(daemon, REPORT_READY, text);
    if (error || daemon->report < 0) {
        return error;
    }
    error = await_confirmation(daemon->report);
    if (error) {
        return error;
    }
    let_go(daemon, STDIN_FILENO);
    let_go(daemon, STDOUT_FILENO);
    if (!daemon->keeps_stderr) {
        let_go(daemon, STDERR_FILENO);
    }
    (void)close(daemon->null);
    (void)close(daemon->report); /* the parent awaits this */
    return 0;
}

/* How the child ended before it said anything. */
static void
print_silent_end(const char *program, pid_t child)
{
    int status = 0;

    pid_t ended = waitpid(child, &status, 0);
    if (ended == child && WIFSIGNALED(status)) {
        (void)fprintf(stderr,
                      "%s: the server ended before it listened (signal %d)\n",
                      program, WTERMSIG(status));
    } else {
        (void)fprintf(stderr, "%s: the server ended before it listened\n",
                      program);
    }
}

/* The child goes on once it is told so, and ends otherwise. */
static int
confirm(const char *program, int to, int error)
{
    if (error) {
        (void)fprintf(stderr, "%s: standard output cannot be written: %s\n",
                      program, strerror(error));
        return EXIT_FAILURE;
    }
    ssize_t sent;
    do {
        sent = send(to, "", 1, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent != 1) {
        (void)fprintf(stderr, "%s: the server cannot be told to go on: %s\n",
                      program, strerror(errno));
        return EXIT_FAILURE;
    }
    /* It closes its end once it has let go of all that was its starter's. */
    (void)read_byte(to);
    return EXIT_SUCCESS;
}

/* Print what the child reports; the exit status, or -1: it said nothing. */
static int
relay(const char *program, FILE *from)
{
    char line[COMPLAINT_MAX + 2];
    int status = -1;

    while (fgets(line, sizeof line, from)) {
        line[strcspn(line, "\n")] = '\0';
        int error = print(program, line[0], line + 1);
        if (line[0] == REPORT_READY) {
            return confirm(program, fileno(from), error);
        }
        if (line[0] == REPORT_FAILURE || line[0] == REPORT_MISUSE) {
            status = line[0] == REPORT_MISUSE ? DAEMON_MISUSE : EXIT_FAILURE;
        }
    }
    return status;
}

/* Nothing of the child is left once the parent says that it failed. */
static int
attend(const char *program, int from, pid_t child)
{
    FILE *stream = fdopen(from, "r");

    (void)signal(SIGPIPE, SIG_IGN);
    if (!stream) {
        (void)fprintf(stderr, "%s: no memory to start\n", program);
        (void)close(from);
        return EXIT_FAILURE;
    }
    int status = relay(program, stream);
    /* One that still waits for an answer ends now. */
    (void)fclose(stream);
    if (status < 0) {
        print_silent_end(program, child);
        return EXIT_FAILURE;
    }
    if (status != EXIT_SUCCESS) {
        (void)waitpid(child, NULL, 0);
    }
    return status;
}

/* Nothing that the child makes is for others; it holds no directory busy. */
static void
become_daemon(struct daemon *daemon, int to)
{
    daemon->report = to;
    (void)setsid();
    (void)umask(077);
}

bool
daemon_leave(struct daemon *daemon, const char *program, bool keeps_stderr,
             int *status)
{
    int ends[2];

    *daemon = (struct daemon){
        .program = program, .report = -1, .keeps_stderr = keeps_stderr};
    *status = EXIT_FAILURE;
    /* What the starter had open is not the daemon's to keep. */
    (void)!close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    daemon->null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (daemon->null < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        (void)fprintf(stderr, "%s: cannot start: %s\n", program,
                      strerror(errno));
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        become_daemon(daemon, ends[1]);
        return false;
    }
    (void)close(ends[1]);
    if (child < 0) {
        (void)fprintf(stderr, "%s: no process can be started: %s\n", program,
                      strerror(errno));
        return true;
    }
    *status = attend(program, ends[0], child);
    return true;
}
