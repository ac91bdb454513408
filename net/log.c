#include "log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_LOG_PATH "/dev/log"
#define SYSTEM_FACILITY_DAEMON (3 << 3)
#define INTERRUPTIONS_MAX 100

static const struct {
    const char *name;
    int system_severity;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_NOTICE] = {"notice", 5},
    [LOG_LEVEL_DETAIL] = {"detail", 6},
};

static void
lock(struct log *log)
{
    int error = pthread_mutex_lock(&log->guard);
    assert(!error);
}

static void
unlock(struct log *log)
{
    int error = pthread_mutex_unlock(&log->guard);
    assert(!error);
}

/* Directories are left before the file is opened again: keep it absolute. */
static int
make_absolute(const char *path, char absolute[static PATH_MAX])
{
    char directory[PATH_MAX] = "";
    const char *between = "";

    if (path[0] != '/') {
        if (!getcwd(directory, sizeof directory)) {
            return errno;
        }
        between = "/";
    }
    int length =
        snprintf(absolute, PATH_MAX, "%s%s%s", directory, between, path);
    return length < 0 || length >= PATH_MAX ? ENAMETOOLONG : 0;
}

/*
 * O_NONBLOCK is for a pipe with a name: the log never waits for a reader.  The
 * mode is set by hand, for the process's mask is for files of its own and a
 * log is read by a group.
 */
static int
open_file(const char *path, int *fd)
{
    const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

    *fd = open(path, flags | O_CREAT | O_EXCL, 0600);
    if (*fd >= 0) {
        (void)!fchmod(*fd, 0640);
        return 0;
    }
    if (errno != EEXIST) {
        return errno;
    }
    *fd = open(path, flags);
    return *fd < 0 ? errno : 0;
}

static int
open_system_log(int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX,
                                  .sun_path = SYSTEM_LOG_PATH};

    int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) {
        return errno;
    }
    if (connect(made, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        (void)close(made);
        return error;
    }
    *fd = made;
    return 0;
}

static int
open_sink(struct log *log, const char *destination, struct complaint *complaint)
{
    switch (log->sink) {
    case LOG_SINK_STDERR:
        log->fd = STDERR_FILENO;
        return 0;
    case LOG_SINK_SYSLOG:
        /* None yet is no failure: it may come, and each line looks again. */
        (void)!open_system_log(&log->fd);
        return 0;
    case LOG_SINK_FILE:
        break;
    }
    int error = make_absolute(destination, log->path);
    if (!error) {
        error = open_file(log->path, &log->fd);
    }
    if (error) {
        complaint_set(complaint, "log file '%s' cannot be opened: %s",
                      destination, strerror(error));
    }
    return error;
}

static enum log_sink
sink_of(const char *destination)
{
    if (!strcmp(destination, "syslog")) {
        return LOG_SINK_SYSLOG;
    }
    return strcmp(destination, "stderr") ? LOG_SINK_FILE : LOG_SINK_STDERR;
}

int
log_init(struct log *log, const char *destination, bool verbose,
         struct complaint *complaint)
{
    *log = (struct log){
        .fd = -1,
        .sink = sink_of(destination),
        .lowest = verbose ? LOG_LEVEL_DETAIL : LOG_LEVEL_NOTICE,
        .program = "dipc",
    };
    int error = open_sink(log, destination, complaint);
    if (error) {
        return error;
    }
    error = pthread_mutex_init(&log->guard, NULL);
    if (error) {
        complaint_set(complaint, "no mutex for the log: %s", strerror(error));
        goto close_sink;
    }
    return 0;

close_sink:
    if (log->fd >= 0 && log->sink != LOG_SINK_STDERR) {
        (void)close(log->fd);
    }
    return error;
}

void
log_fini(struct log *log)
{
    if (log->fd >= 0 && log->sink != LOG_SINK_STDERR) {
        (void)close(log->fd);
    }
    log->fd = -1;
    int error = pthread_mutex_destroy(&log->guard);
    assert(!error);
}

void
log_reopen(struct log *log)
{
    int fd;

    if (!log || log->sink != LOG_SINK_FILE) {
        return;
    }
    int error = open_file(log->path, &fd);
    if (error) {
        log_error(log, "the log file cannot be opened again: %s",
                  strerror(error));
        return;
    }
    lock(log);
    int old = log->fd;
    log->fd = fd;
    log->cut = false;
    unlock(log);
    (void)close(old);
    log_notice(log, "log file opened again");
}

bool
log_is_verbose(const struct log *log)
{
    return log && log->lowest == LOG_LEVEL_DETAIL;
}

/* A regular file is always ready; a full pipe is not, and is not awaited. */
static bool
is_writable(int fd)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    int ready = -1;

    for (int i = 0; i < INTERRUPTIONS_MAX && ready < 0; i++) {
        ready = poll(&writable, 1, 0);
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
    return ready == 1 && (writable.revents & POLLOUT);
}

/* How much was written; less than all of it where no more could be. */
static size_t
write_bytes(int fd, const char *bytes, size_t length_bytes)
{
    size_t written = 0;

    for (size_t i = 0;
         i < length_bytes + INTERRUPTIONS_MAX && written < length_bytes; i++) {
        ssize_t more = write(fd, bytes + written, length_bytes - written);
        if (more > 0) {
            written += (size_t)more;
        } else if (more == 0 || errno != EINTR) {
            break;
        }
    }
    return written;
}

/* The newline that ends a line; a cut one is ended before the next begins. */
static void
write_stream(struct log *log, const char *line, size_t length_bytes)
{
    if (!is_writable(log->fd)) {
        log->lost++;
        return;
    }
    if (log->cut && write_bytes(log->fd, "\n", 1) != 1) {
        log->lost++;
        return;
    }
    log->cut = false;
    size_t written = write_bytes(log->fd, line, length_bytes);
    if (written != length_bytes) {
        log->lost++;
        log->cut = written > 0;
    }
}

static void
write_system_log(struct log *log, enum log_level level, const char *text)
{
    char line[COMPLAINT_MAX + 64];
    char when[32];
    struct tm parts;
    time_t now = time(NULL);

    if (log->fd < 0 && open_system_log(&log->fd)) {
        log->lost++;
        return;
    }
    if (!localtime_r(&now, &parts) ||
        !strftime(when, sizeof when, "%b %e %H:%M:%S", &parts)) {
        when[0] = '\0';
    }
    int length =
        snprintf(line, sizeof line, "<%d>%s %s[%d]: %s",
                 SYSTEM_FACILITY_DAEMON | levels[level].system_severity, when,
                 log->program, (int)getpid(), text);
    if (send(log->fd, line, (size_t)length, MSG_NOSIGNAL) == length) {
        return;
    }
    log->lost++;
    if (errno != EAGAIN) {
        /* The system log was started anew: look for it at the next line. */
        (void)close(log->fd);
        log->fd = -1;
    }
}

static void
write_line(struct log *log, enum log_level level, const char *text)
{
    char line[COMPLAINT_MAX + 64];
    char when[32];
    struct timespec now;
    struct tm parts;

    if (log->sink == LOG_SINK_SYSLOG) {
        write_system_log(log, level, text);
        return;
    }
    if (clock_gettime(CLOCK_REALTIME, &now) || !gmtime_r(&now.tv_sec, &parts) ||
        !strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &parts)) {
        when[0] = '\0';
        now.tv_nsec = 0;
    }
    int length = snprintf(line, sizeof line, "%s.%03ldZ %s: %s\n", when,
                          now.tv_nsec / 1000000, levels[level].name, text);
    write_stream(log, line, (size_t)length);
}

/* Once writing works again, the first line tells what is missing above it. */
static void
write_lost(struct log *log)
{
    char text[64];
    uint64_t lost = log->lost;

    if (!lost) {
        return;
    }
    (void)snprintf(text, sizeof text, "%llu line%s could not be written here",
                   (unsigned long long)lost, lost == 1 ? "" : "s");
    log->lost = 0;
    write_line(log, LOG_LEVEL_WARNING, text);
    if (log->lost) {
        log->lost = lost;
    }
}

void
log_write(struct log *log, enum log_level level, const char *format, ...)
{
    struct complaint text;
    va_list arguments;

    if (!log || level > log->lowest) {
        return;
    }
    va_start(arguments, format);
    complaint_set_list(&text, format, arguments);
    va_end(arguments);
    lock(log);
    write_lost(log);
    write_line(log, level, text.text);
    unlock(log);
}
