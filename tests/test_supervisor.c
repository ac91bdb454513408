/* What a supervisor is told, and which of its descriptors are taken. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "supervisor.h"

#define PASSED 2

static struct complaint complaint;
static struct supervisor supervisor;
static int taken[SUPERVISOR_SOCKETS_MAX];
static size_t taken_count;
static int saved[PASSED]; /* what stood where descriptors are passed */

/* A supervisor's end, under an abstract name that the system chose. */
static int
open_hearer(char name[static sizeof(struct sockaddr_un)])
{
    const struct timeval patience = {.tv_sec = 10};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t bytes = sizeof address.sun_family;

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(bind(fd, (const void *)&address, bytes), 0);
    bytes = sizeof address;
    assert_int_equal(getsockname(fd, (void *)&address, &bytes), 0);
    bytes -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
    memcpy(name, address.sun_path, bytes);
    name[0] = '@';
    name[bytes] = '\0';
    return fd;
}

static void
assert_heard(int hearer, const char *beginning)
{
    char message[1024];

    ssize_t bytes = recv(hearer, message, sizeof message - 1, 0);
    assert_true(bytes > 0);
    message[bytes] = '\0';
    message[strlen(beginning)] = '\0';
    assert_string_equal(message, beginning);
}

static void
it_hears_of_every_stage(void **state)
{
    char name[sizeof(struct sockaddr_un)];
    int hearer = open_hearer(name);

    (void)state;
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    assert_int_equal(supervisor_connect(&supervisor, &complaint), 0);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_true(supervisor_is_there(&supervisor));
    supervisor_ready(&supervisor, "serving");
    assert_heard(hearer, "READY=1\nSTATUS=serving");
    supervisor_reloading(&supervisor);
    assert_heard(hearer, "RELOADING=1\nMONOTONIC_USEC=");
    supervisor_reloaded(&supervisor);
    assert_heard(hearer, "READY=1");
    supervisor_stopping(&supervisor, "ending");
    assert_heard(hearer, "STOPPING=1\nSTATUS=ending");
    supervisor_close(&supervisor);
    assert_false(supervisor_is_there(&supervisor));
    (void)close(hearer);
}

static void
a_path_is_as_good_as_an_abstract_name(void **state)
{
    char directory[] = "/tmp/dipc-supervisor-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/notify",
                   directory);
    int hearer = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int failed = bind(hearer, (const void *)&address, sizeof address);
    (void)setenv("NOTIFY_SOCKET", address.sun_path, 1);
    int error = supervisor_connect(&supervisor, &complaint);
    (void)unlink(address.sun_path);
    (void)rmdir(directory);
    assert_int_equal(failed, 0);
    assert_int_equal(error, 0);
    supervisor_ready(&supervisor, "here");
    assert_heard(hearer, "READY=1\nSTATUS=here");
    supervisor_close(&supervisor);
    (void)close(hearer);
}

static void
without_one_nothing_is_told(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    assert_int_equal(supervisor_connect(&supervisor, &complaint), 0);
    assert_false(supervisor_is_there(&supervisor));
    supervisor_ready(&supervisor, "nobody hears");
    supervisor_stopping(NULL, "nobody hears");
    supervisor_close(&supervisor);
    assert_false(supervisor_passes_sockets());
    taken_count = 9;
    assert_int_equal(supervisor_take_sockets(taken, &taken_count, &complaint),
                     0);
    assert_int_equal(taken_count, 0);
}

static void
a_name_that_leads_nowhere_is_an_error(void **state)
{
    static const struct {
        const char *name;
        int error;
    } rows[] = {
        {"", EINVAL},
        {"@", EINVAL},
        {"/", EINVAL},
        {"notify", EINVAL},
        {"vsock:2:1", EINVAL},
        {"/no/such/notify", ENOENT},
        {"@no-such-supervisor-of-dipc", ECONNREFUSED},
    };
    char longest[sizeof(struct sockaddr_un) + 1];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)setenv("NOTIFY_SOCKET", rows[i].name, 1);
        assert_int_equal(supervisor_connect(&supervisor, &complaint),
                         rows[i].error);
        assert_false(supervisor_is_there(&supervisor));
        assert_non_null(strstr(complaint.text, rows[i].name));
        assert_null(getenv("NOTIFY_SOCKET"));
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    (void)setenv("NOTIFY_SOCKET", longest, 1);
    assert_int_equal(supervisor_connect(&supervisor, &complaint), EINVAL);
}

static void
a_supervisor_that_reads_nothing_holds_nobody_up(void **state)
{
    const int told_max = 100000;
    char name[sizeof(struct sockaddr_un)];
    int hearer = open_hearer(name);
    int heard = 0;
    char byte;

    (void)state;
    (void)setenv("NOTIFY_SOCKET", name, 1);
    assert_int_equal(supervisor_connect(&supervisor, &complaint), 0);
    for (int i = 0; i < told_max; i++) {
        supervisor_stopping(&supervisor, "again");
    }
    while (recv(hearer, &byte, 1, MSG_DONTWAIT) > 0) {
        heard++;
    }
    assert_true(heard > 0);
    assert_true(heard < told_max);
    supervisor_close(&supervisor);
    (void)close(hearer);
}

static int
open_socket(int type, bool listening)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const void *)&address, sizeof address), 0);
    if (listening) {
        assert_int_equal(listen(fd, 1), 0);
    }
    return fd;
}

/* Put a descriptor where the supervisor passes its number `which`. */
static void
pass(int which, int fd)
{
    assert_true(which < PASSED);
    if (fd != SUPERVISOR_FIRST_SOCKET + which) {
        assert_true(dup2(fd, SUPERVISOR_FIRST_SOCKET + which) >= 0);
        (void)close(fd);
    }
}

static void
announce(const char *count, const char *names)
{
    char process[16];

    (void)snprintf(process, sizeof process, "%d", (int)getpid());
    (void)setenv("LISTEN_PID", process, 1);
    (void)setenv("LISTEN_FDS", count, 1);
    (void)unsetenv("LISTEN_FDNAMES");
    if (names) {
        (void)setenv("LISTEN_FDNAMES", names, 1);
    }
}

static int
take(void)
{
    complaint.text[0] = '\0';
    int error = supervisor_take_sockets(taken, &taken_count, &complaint);
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
    return error;
}

static void
listening_sockets_are_taken_and_kept_from_children(void **state)
{
    (void)state;
    pass(0, open_socket(SOCK_STREAM, true));
    pass(1, open_socket(SOCK_STREAM, true));
    announce("2", "first:second");
    assert_true(supervisor_passes_sockets());
    assert_int_equal(take(), 0);
    assert_int_equal(taken_count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(taken[i], SUPERVISOR_FIRST_SOCKET + i);
        assert_int_equal(fcntl(taken[i], F_GETFD), FD_CLOEXEC);
    }
    assert_false(supervisor_passes_sockets());
}

static void
whatever_else_is_passed_is_named(void **state)
{
    static const struct {
        int type;
        bool listening;
        const char *names;
        const char *told;
    } rows[] = {
        {SOCK_STREAM, false, "web:admin", "descriptor 4 ('admin')"},
        {SOCK_DGRAM, false, "web:", "descriptor 4, passed"},
        {SOCK_DGRAM, false, "web", "descriptor 4, passed"},
        {0, false, NULL, "descriptor 4, passed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pass(0, open_socket(SOCK_STREAM, true));
        pass(1, rows[i].type ? open_socket(rows[i].type, rows[i].listening)
                             : open("/dev/null", O_RDONLY | O_CLOEXEC));
        announce("2", rows[i].names);
        assert_int_equal(take(), ENOTSOCK);
        assert_int_equal(taken_count, 0);
        assert_non_null(strstr(complaint.text, rows[i].told));
    }
}

static void
counts_that_make_no_sense_are_refused(void **state)
{
    static const char *const counts[] = {
        "", "-1", "33", "1x", " 1", "+1", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        announce(counts[i], NULL);
        assert_int_equal(take(), EINVAL);
        assert_non_null(strstr(complaint.text, "is not one of 0 to 32"));
        assert_int_equal(taken_count, 0);
    }
    announce("0", NULL);
    assert_int_equal(take(), 0);
    assert_int_equal(taken_count, 0);
}

static void
what_is_for_another_process_is_left_alone(void **state)
{
    static const char *const processes[] = {"1", "", "x", NULL};

    (void)state;
    pass(0, open_socket(SOCK_STREAM, true));
    for (size_t i = 0; i < sizeof processes / sizeof processes[0]; i++) {
        announce("1", NULL);
        (void)unsetenv("LISTEN_PID");
        if (processes[i]) {
            (void)setenv("LISTEN_PID", processes[i], 1);
        }
        assert_false(supervisor_passes_sockets());
        assert_int_equal(take(), 0);
        assert_int_equal(taken_count, 0);
        assert_int_equal(fcntl(SUPERVISOR_FIRST_SOCKET, F_GETFD), 0);
    }
}

/* Descriptors 3 and 4 may be something else's, make's for example. */
static int
save_descriptors(void **state)
{
    (void)state;
    for (int i = 0; i < PASSED; i++) {
        saved[i] = fcntl(SUPERVISOR_FIRST_SOCKET + i, F_DUPFD_CLOEXEC, 1 << 6);
    }
    return 0;
}

static int
restore_descriptors(void **state)
{
    (void)state;
    for (int i = 0; i < PASSED; i++) {
        (void)close(SUPERVISOR_FIRST_SOCKET + i);
        if (saved[i] >= 0) {
            (void)dup2(saved[i], SUPERVISOR_FIRST_SOCKET + i);
            (void)close(saved[i]);
        }
    }
    return 0;
}

#define WITH_DESCRIPTORS(test) \
    cmocka_unit_test_setup_teardown(test, save_descriptors, restore_descriptors)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_hears_of_every_stage),
        cmocka_unit_test(a_path_is_as_good_as_an_abstract_name),
        cmocka_unit_test(without_one_nothing_is_told),
        cmocka_unit_test(a_name_that_leads_nowhere_is_an_error),
        cmocka_unit_test(a_supervisor_that_reads_nothing_holds_nobody_up),
        WITH_DESCRIPTORS(listening_sockets_are_taken_and_kept_from_children),
        WITH_DESCRIPTORS(whatever_else_is_passed_is_named),
        WITH_DESCRIPTORS(counts_that_make_no_sense_are_refused),
        WITH_DESCRIPTORS(what_is_for_another_process_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
