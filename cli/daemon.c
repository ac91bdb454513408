#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each line of a report begins with one of these. */
#define REPORT_WARNING 'W'
#define REPORT_FAILURE 'E'
#define REPORT_READY 'R'

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
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return EXIT_SUCCESS;
    }
    (void)fprintf(stderr, "%s: standard output cannot be written: %s\n",
                  program, strerror(errno));
    return EXIT_FAILURE;
}

void
daemon_stay(struct daemon *daemon, const char *program)
{
    *daemon = (struct daemon){.program = program, .report = -1, .null = -1};
}

static void
print(const char *program, char kind, const char *text)
{
    switch (kind) {
    case REPORT_WARNING:
        (void)fprintf(stderr, "%s: warning: %s\n", program, text);
        break;
    case REPORT_FAILURE:
        (void)fprintf(stderr, "%s: %s\n", program, text);
        break;
    case REPORT_READY:
        if (strcmp(text, "0") != 0) {
            (void)printf("%s\n", text);
            (void)fflush(stdout);
        }
        break;
    default:
        break;
    }
}

static int
report(struct daemon *daemon, char kind, const char *text)
{
    if (daemon->report < 0) {
        print(daemon->program, kind, text);
        return 0;
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

int
daemon_ready(struct daemon *daemon, unsigned number)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%u", number);
    int error = report(daemon, REPORT_READY, text);
    if (error || daemon->report < 0) {
        return error;
    }
    (void)close(daemon->report);
    (void)dup2(daemon->null, STDIN_FILENO);
    (void)dup2(daemon->null, STDOUT_FILENO);
    if (!daemon->keeps_stderr) {
        (void)dup2(daemon->null, STDERR_FILENO);
    }
    (void)close(daemon->null);
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

/* Print what the child reports; its exit status is the parent's. */
static int
relay(const char *program, int from, pid_t child)
{
    char line[COMPLAINT_MAX + 2];
    bool is_ready = false;
    bool has_failed = false;

    FILE *stream = fdopen(from, "r");
    if (!stream) {
        (void)fprintf(stderr, "%s: no memory to start\n", program);
        return EXIT_FAILURE;
    }
    while (!is_ready && fgets(line, sizeof line, stream)) {
        line[strcspn(line, "\n")] = '\0';
        print(program, line[0], line + 1);
        is_ready = line[0] == REPORT_READY;
        has_failed |= line[0] == REPORT_FAILURE;
    }
    (void)fclose(stream);
    if (!is_ready && !has_failed) {
        print_silent_end(program, child);
    } else if (has_failed) {
        /* Nothing of it is left once the parent says that it failed. */
        (void)waitpid(child, NULL, 0);
    }
    return is_ready ? EXIT_SUCCESS : EXIT_FAILURE;
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
    if (daemon->null < 0 || pipe2(ends, O_CLOEXEC) < 0) {
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
    *status = relay(program, ends[0], child);
    return true;
}
