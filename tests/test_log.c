/* What the log writes, and what it does when it cannot. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "log.h"

static char directory[] = "/tmp/dipc-test-log-XXXXXX";

static int
make_directory(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    return mkdtemp(directory) ? 0 : -1;
}

static int
remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

static const char *
path_of(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static const char *
content_of(const char *path)
{
    static char content[8192];

    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    size_t length = fread(content, 1, sizeof content - 1, stream);
    content[length] = '\0';
    (void)fclose(stream);
    return content;
}

static bool
is_timestamp(const char *text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ ";

    for (size_t i = 0; shape[i] != '\0'; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !is_digit : text[i] != shape[i]) {
            return false;
        }
    }
    return true;
}

static void
lines_have_a_time_and_a_level(void **state)
{
    struct log log;
    struct complaint complaint;
    const char *path = path_of("log");

    (void)state;
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    log_notice(&log, "the %dth line", 4);
    log_detail(&log, "not written without verbose");
    log_fini(&log);
    const char *content = content_of(path);
    assert_true(is_timestamp(content));
    assert_string_equal(content + 25, "notice: the 4th line\n");
    assert_int_equal(unlink(path), 0);
}

static void
verbose_writes_details(void **state)
{
    struct log log;
    struct complaint complaint;
    const char *path = path_of("log");

    (void)state;
    assert_int_equal(log_init(&log, path, true, &complaint), 0);
    assert_true(log_is_verbose(&log));
    log_detail(&log, "a detail");
    log_fini(&log);
    assert_non_null(strstr(content_of(path), " detail: a detail\n"));
    assert_int_equal(unlink(path), 0);
}

static void
a_file_is_appended_to_and_not_for_everybody(void **state)
{
    struct log log;
    struct complaint complaint;
    struct stat status;
    const char *path = path_of("log");
    mode_t mask = umask(077);

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(log_init(&log, path, false, &complaint), 0);
        log_notice(&log, "line %d", i);
        log_fini(&log);
    }
    (void)umask(mask);
    assert_non_null(strstr(content_of(path), "line 0\n"));
    assert_non_null(strstr(content_of(path), "line 1\n"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(unlink(path), 0);
}

static void
control_characters_cannot_forge_a_line(void **state)
{
    struct log log;
    struct complaint complaint;
    const char *path = path_of("log");

    (void)state;
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    log_notice(&log, "%s", "one\ntwo\r\x1b[2J");
    log_fini(&log);
    assert_string_equal(content_of(path) + 25, "notice: one?two??[2J\n");
    assert_int_equal(unlink(path), 0);
}

static void
a_path_that_cannot_be_opened_is_an_error(void **state)
{
    struct log log;
    struct complaint complaint;

    (void)state;
    assert_int_equal(log_init(&log, path_of("none/log"), false, &complaint),
                     ENOENT);
    assert_non_null(strstr(complaint.text, "none/log"));
    assert_int_equal(log_init(&log, directory, false, &complaint), EISDIR);
}

static void
a_full_disk_drops_lines(void **state)
{
    struct log log;
    struct complaint complaint;

    (void)state;
    assert_int_equal(log_init(&log, "/dev/full", false, &complaint), 0);
    for (int i = 0; i < 1000; i++) {
        log_notice(&log, "line %d", i);
    }
    assert_int_equal(log.lost, 1000);
    log_fini(&log);
}

/* The limit of a file's size stands for the disk: it fills, and is emptied. */
static void
once_writing_works_the_loss_is_told(void **state)
{
    struct log log;
    struct complaint complaint;
    struct rlimit before;
    const char *path = path_of("log");

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    log_notice(&log, "first");
    struct rlimit small = before;
    small.rlim_cur = 45; /* the first line has 39 bytes */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    log_notice(&log, "cut in the middle");
    log_notice(&log, "lost");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(log.lost, 2);
    log_notice(&log, "last");
    log_fini(&log);
    const char *content = content_of(path);
    const char *told = strstr(content, "warning: 2 lines could not be");
    assert_non_null(told);
    assert_true(is_timestamp(told - 25));
    assert_int_equal(told[-26], '\n');
    assert_non_null(strstr(told, "notice: last\n"));
    assert_int_equal(unlink(path), 0);
}

static void
a_pipe_that_nobody_empties_does_not_block(void **state)
{
    struct log log;
    struct complaint complaint;
    const char *path = path_of("pipe");

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(log_init(&log, path, false, &complaint), ENXIO);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    for (int i = 0; i < 10000; i++) {
        log_notice(&log, "line %d", i);
    }
    assert_true(log.lost > 0);
    (void)close(reader);
    log_notice(&log, "nobody reads");
    log_fini(&log);
    assert_int_equal(unlink(path), 0);
}

/* Standard error is a pipe that was made by others, and it blocks. */
static void
standard_error_that_nobody_reads_does_not_block(void **state)
{
    struct log log;
    struct complaint complaint;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    int before = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    int error = log_init(&log, "stderr", false, &complaint);
    for (int i = 0; i < 10000; i++) {
        log_notice(&log, "line %d", i);
    }
    uint64_t lost = log.lost;
    log_fini(&log);
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(error, 0);
    assert_true(lost > 0);
    (void)close(before);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void
a_file_that_was_moved_is_opened_again(void **state)
{
    struct log log;
    struct complaint complaint;
    char old[160];
    const char *path = path_of("log");

    (void)state;
    (void)snprintf(old, sizeof old, "%s.1", path);
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    log_notice(&log, "before");
    assert_int_equal(rename(path, old), 0);
    log_reopen(&log);
    log_notice(&log, "after");
    log_fini(&log);
    assert_null(strstr(content_of(old), "after"));
    assert_non_null(strstr(content_of(path), "after"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(old), 0);
}

static void
a_relative_name_stays_the_same_file(void **state)
{
    struct log log;
    struct complaint complaint;
    char before[256];

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(log_init(&log, "relative", false, &complaint), 0);
    assert_int_equal(chdir("/"), 0);
    log_reopen(&log);
    log_notice(&log, "after");
    log_fini(&log);
    assert_int_equal(chdir(before), 0);
    assert_non_null(strstr(content_of(path_of("relative")), "after"));
    assert_int_equal(unlink(path_of("relative")), 0);
}

static void
no_log_is_a_log_too(void **state)
{
    (void)state;
    log_notice(NULL, "nothing");
    log_reopen(NULL);
    assert_false(log_is_verbose(NULL));
}

static void
the_system_log_may_be_missing(void **state)
{
    struct log log;
    struct complaint complaint;

    (void)state;
    assert_int_equal(log_init(&log, "syslog", false, &complaint), 0);
    log_fini(&log);
}

static void
a_log_that_cannot_be_opened_leaves_nothing_open(void **state)
{
    static const char *const calls[] = {"open", "pthread_mutex_init"};
    const char *path = path_of("log");
    int before = fake_calls_descriptors();

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct log log;
        struct complaint complaint = {""};

        fake_calls_fail(calls[i], 1, ENOMEM);
        assert_int_equal(log_init(&log, path, false, &complaint), ENOMEM);
        assert_non_null(fake_calls_failed());
        assert_non_null(strstr(complaint.text, strerror(ENOMEM)));
        assert_int_equal(fake_calls_descriptors(), before);
    }
    assert_int_equal(unlink(path), 0);
}

static void
a_log_that_cannot_be_opened_again_stays_as_it_is(void **state)
{
    struct log log;
    struct complaint complaint;
    const char *path = path_of("log");

    (void)state;
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    fake_calls_fail("open", 1, EMFILE);
    log_reopen(&log);
    assert_non_null(fake_calls_failed());
    log_fini(&log);
    assert_non_null(
        strstr(content_of(path), "the log file cannot be opened again"));
    assert_int_equal(unlink(path), 0);
}

/* The path is kept absolute, and a directory that is gone has none. */
static void
a_relative_path_needs_a_directory_that_is_there(void **state)
{
    struct log log;
    struct complaint complaint;
    char inner[128];
    int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_true(back >= 0);
    (void)snprintf(inner, sizeof inner, "%s", path_of("gone"));
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(chdir(inner), 0);
    assert_int_equal(rmdir(inner), 0);
    int error = log_init(&log, "log", false, &complaint);
    assert_int_equal(fchdir(back), 0);
    (void)close(back);
    assert_int_equal(error, ENOENT);
}

static void
a_line_that_cannot_be_written_is_counted(void **state)
{
    struct log log;
    struct complaint complaint;
    const char *path = path_of("log");

    (void)state;
    assert_int_equal(log_init(&log, path, false, &complaint), 0);
    fake_calls_fail("poll", 1, EIO);
    log_notice(&log, "lost");
    bool has_failed = fake_calls_failed() != NULL;
    fake_calls_fail("poll", 1, EINTR);
    log_notice(&log, "not lost");
    has_failed = has_failed && fake_calls_failed() != NULL;
    fake_calls_fail("strftime", 1, 0);
    log_notice(&log, "at no time");
    (void)fake_calls_failed();
    log_fini(&log);
    const char *content = content_of(path);
    assert_true(!has_failed || strstr(content, ": lost\n") == NULL);
    assert_true(!has_failed ||
                strstr(content, "1 line could not be written here") != NULL);
    assert_non_null(strstr(content, "notice: not lost\n"));
    assert_non_null(strstr(content, "\n.000Z notice: at no time\n"));
    assert_int_equal(unlink(path), 0);
}

/* A system log of the test's own, in a /dev that only this process sees. */
static int
make_system_log(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX,
                                  .sun_path = "/dev/log"};

    if (unshare(CLONE_NEWNS) ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
        mount("tmpfs", "/dev", "tmpfs", 0, "size=64k")) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return bind(fd, (const void *)&address, sizeof address) ? -1 : fd;
}

static bool
hears(int fd, const char *expected)
{
    char line[256];
    ssize_t got = recv(fd, line, sizeof line - 1, 0);

    line[got < 0 ? 0 : got] = '\0';
    return strstr(line, expected) != NULL;
}

/* In a process of its own; 77: it may not mount. */
static int
use_system_log(void)
{
    struct log log;
    struct complaint complaint;
    int fd = make_system_log();

    if (fd < 0) {
        return 77;
    }
    if (log_init(&log, "syslog", false, &complaint)) {
        return 1;
    }
    log_notice(&log, "the first");
    if (!hears(fd, ": the first")) {
        return 2;
    }
    fake_calls_fail("send", 1, EAGAIN);
    log_notice(&log, "too many");
    fake_calls_fail("send", 1, ECONNREFUSED);
    log_notice(&log, "started anew");
    if (!fake_calls_failed() || !hears(fd, ": started anew")) {
        return 3;
    }
    fake_calls_fail("strftime", 2, 0);
    log_notice(&log, "at no time");
    (void)fake_calls_failed();
    if (!hears(fd, ": 1 line could not be written here") ||
        !hears(fd, "<29> dipc[")) {
        return 4;
    }
    fake_calls_fail("pthread_mutex_init", 1, ENOMEM);
    struct log second;
    if (log_init(&second, "syslog", false, &complaint) != ENOMEM) {
        return 5;
    }
    (void)fake_calls_failed();
    log_fini(&log);
    return 0;
}

static void
the_system_log_has_each_line_that_it_takes(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        _exit(use_system_log());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("skipped: no /dev of its own may be mounted here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_a_time_and_a_level),
        cmocka_unit_test(verbose_writes_details),
        cmocka_unit_test(a_file_is_appended_to_and_not_for_everybody),
        cmocka_unit_test(control_characters_cannot_forge_a_line),
        cmocka_unit_test(a_path_that_cannot_be_opened_is_an_error),
        cmocka_unit_test(a_full_disk_drops_lines),
        cmocka_unit_test(once_writing_works_the_loss_is_told),
        cmocka_unit_test(a_pipe_that_nobody_empties_does_not_block),
        cmocka_unit_test(standard_error_that_nobody_reads_does_not_block),
        cmocka_unit_test(a_file_that_was_moved_is_opened_again),
        cmocka_unit_test(a_relative_name_stays_the_same_file),
        cmocka_unit_test(no_log_is_a_log_too),
        cmocka_unit_test(the_system_log_may_be_missing),
        cmocka_unit_test(the_system_log_has_each_line_that_it_takes),
        cmocka_unit_test(a_log_that_cannot_be_opened_leaves_nothing_open),
        cmocka_unit_test(a_log_that_cannot_be_opened_again_stays_as_it_is),
        cmocka_unit_test(a_relative_path_needs_a_directory_that_is_there),
        cmocka_unit_test(a_line_that_cannot_be_written_is_counted),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
