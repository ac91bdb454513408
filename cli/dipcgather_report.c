#include "dipcgather_report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "gather_command.h"

#define PROGRAM "dipcgather"
#define REASON_MAX (GATHER_TEXT_MAX + 64)

/* "17 bytes", "4.2 MB"; kilobytes of 1024 bytes, as everywhere here. */
static void
describe_bytes(uint64_t bytes, char text[static 32])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double amount = (double)bytes;
    int unit = -1;

    while (amount >= 1024 && unit < 3) {
        amount /= 1024;
        unit++;
    }
    if (unit < 0) {
        (void)snprintf(text, 32, "%u bytes", (unsigned)bytes);
    } else {
        (void)snprintf(text, 32, "%.1f %s", amount, units[unit]);
    }
}

const char *
dipcgather_report_progress(const struct gather_progress *progress,
                           uint64_t elapsed_ns,
                           char line[static DIPCGATHER_REPORT_LINE])
{
    char bytes[32];
    char failed[32] = "";

    describe_bytes(progress->bytes, bytes);
    if (progress->failed > 0) {
        (void)snprintf(failed, sizeof failed, ", %u failed", progress->failed);
    }
    (void)snprintf(
        line, DIPCGATHER_REPORT_LINE, "%u of %u done%s, %u sending, %s, %llu s",
        progress->complete, progress->children, failed, progress->connected,
        bytes, (unsigned long long)(elapsed_ns / CLOCK_NS_PER_S));
    return line;
}

static void
describe_reason(const struct gather_result *result,
                char text[static REASON_MAX])
{
    char room[GATHER_TEXT_MAX];
    const char *hint = "";

    if (result->outcome == GATHER_EXITED && result->length_bytes == 0) {
        hint = result->number == GATHER_COMMAND_NOT_FOUND
                   ? " (there is no such command)"
               : result->number == GATHER_COMMAND_NOT_RUN
                   ? " (the command cannot be run)"
                   : "";
    }
    (void)snprintf(text, REASON_MAX, "%s%s", gather_describe(result, room),
                   hint);
}

static void
say_failures(unsigned first, unsigned last, const char *reason)
{
    if (first == last) {
        (void)fprintf(stderr, PROGRAM ": child %u: %s\n", first, reason);
    } else {
        (void)fprintf(stderr, PROGRAM ": children %u to %u: %s\n", first, last,
                      reason);
    }
}

void
dipcgather_report_failures(const struct gather *gather, unsigned children)
{
    unsigned i = 0;

    while (i < children) {
        const unsigned first = i;
        char reason[REASON_MAX];
        char other[REASON_MAX];
        if (gather_result(gather, i)->outcome == GATHER_COMPLETE) {
            i++;
            continue;
        }
        describe_reason(gather_result(gather, i), reason);
        do {
            i++;
            if (i < children) {
                describe_reason(gather_result(gather, i), other);
            }
        } while (i < children && !strcmp(reason, other));
        say_failures(first, i - 1, reason);
    }
}

static int
write_all(int fd, const char *data, size_t length_bytes)
{
    while (length_bytes > 0) {
        ssize_t wrote = write(fd, data, length_bytes);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0) {
            return errno;
        }
        data += wrote;
        length_bytes -= (size_t)wrote;
    }
    return 0;
}

int
dipcgather_report_print(const struct gather *gather, unsigned children,
                        struct complaint *complaint)
{
    for (unsigned i = 0; i < children; i++) {
        const struct gather_result *result = gather_result(gather, i);
        if (result->outcome != GATHER_COMPLETE) {
            continue;
        }
        int error =
            write_all(STDOUT_FILENO, result->data, result->length_bytes);
        if (error) {
            complaint_set(complaint, "standard output: %s", strerror(error));
            return error;
        }
    }
    return 0;
}

int
dipcgather_report_digits(unsigned children)
{
    int digits = 1;

    for (unsigned last = children - 1; last >= 10; last /= 10) {
        digits++;
    }
    return digits;
}

static bool
is_empty(const char *directory)
{
    const struct dirent *entry;
    bool is_found = false;

    DIR *opened = opendir(directory);
    if (!opened) {
        return true; /* why not is told by whoever writes into it */
    }
    while (!is_found && (entry = readdir(opened)) != NULL) {
        is_found =
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(opened);
    return !is_found;
}

int
dipcgather_report_make_directory(const char *directory,
                                 struct complaint *complaint)
{
    if (mkdir(directory, 0777) == 0) {
        return 0;
    }
    int error = errno;
    if (error == EEXIST && is_empty(directory)) {
        return 0;
    }
    if (error == EEXIST) {
        complaint_set(complaint,
                      "%s is not empty: a new or an empty directory is wanted",
                      directory);
        return ENOTEMPTY;
    }
    complaint_set(complaint, "cannot make the directory %s: %s", directory,
                  strerror(error));
    return error;
}

int
dipcgather_report_write(const char *directory, unsigned which,
                        unsigned children, const void *data,
                        size_t length_bytes, bool is_secret,
                        struct complaint *complaint)
{
    char path[PATH_MAX];

    int length = snprintf(path, sizeof path, "%s/%0*u", directory,
                          dipcgather_report_digits(children), which);
    int error = length >= (int)sizeof path ? ENAMETOOLONG : 0;
    int fd = error ? -1
                   : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                          is_secret ? 0600 : 0666);
    if (fd < 0) {
        error = error ? error : errno;
    } else {
        error = write_all(fd, data, length_bytes);
        if (close(fd) < 0 && !error && errno != EINTR) { /* it is closed */
            error = errno;
        }
        if (error) { /* half a result is none */
            (void)unlink(path);
        }
    }
    if (error) {
        complaint_set(complaint, "cannot write %.300s: %s", path,
                      strerror(error));
    }
    return error;
}

int
dipcgather_report_save(const struct gather *gather, unsigned children,
                       const char *directory, struct complaint *complaint)
{
    int error = 0;

    for (unsigned i = 0; i < children && !error; i++) {
        const struct gather_result *result = gather_result(gather, i);
        if (result->outcome == GATHER_COMPLETE) {
            error =
                dipcgather_report_write(directory, i, children, result->data,
                                        result->length_bytes, false, complaint);
        }
    }
    return error;
}
