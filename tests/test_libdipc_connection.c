/* How a connection is made, and why there is none. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "cmocka_all.h"
#include "dipc.h"
#include "fake_calls.h"
#include "fake_heap.h"
#include "libdipc_socket.h"
#include "version.h"

#define PATIENCE_MS 30000
#define SOON_MS 20

static struct dipc_connection *connection;
static struct dipc_error error;

/* A socket that listens on the loopback, and its port. */
static int
listen_on_loopback(char port[static 8])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const void *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (void *)&address, &bytes), 0);
    (void)snprintf(port, 8, "%u", (unsigned)ntohs(address.sin_port));
    return fd;
}

static void
every_way_to_name_a_server_leads_there(void **state)
{
    static const char *const befores[] = {
        "127.0.0.1:", "[127.0.0.1]:", "localhost:", ":", ""};
    struct sockaddr_in own;
    socklen_t bytes = sizeof own;
    char port[8];
    char server[64];
    int fd = listen_on_loopback(port);

    (void)state;
    for (size_t i = 0; i < sizeof befores / sizeof befores[0]; i++) {
        (void)snprintf(server, sizeof server, "%s%s", befores[i], port);
        assert_int_equal(
            dipc_connect_server(server, PATIENCE_MS, &connection, &error),
            DIPC_OK);
        assert_true(dipc_is_connected(connection));
        assert_int_equal(
            getsockname(dipc_descriptor(connection), (void *)&own, &bytes), 0);
        assert_int_equal(own.sin_family, AF_INET);
        dipc_close(connection);
        assert_int_equal(close(accept(fd, NULL, NULL)), 0);
    }
    assert_int_equal(
        dipc_connect("localhost", port, DIPC_FOREVER, &connection, NULL),
        DIPC_OK);
    dipc_close(connection);
    (void)close(fd);
}

static void
a_server_that_is_none_is_explained(void **state)
{
    static const struct {
        const char *server;
        enum dipc_status status;
        const char *message;
    } rows[] = {
        {"", DIPC_INVALID, "HOST:PORT"},
        {"localhost:", DIPC_INVALID, "HOST:PORT"},
        {"::1:7000", DIPC_INVALID, "[ADDRESS]:PORT"},
        {"::1", DIPC_INVALID, "[ADDRESS]:PORT"},
        {"localhost:no-such-service", DIPC_NOT_FOUND, "no-such-service"},
        {"no-such-service", DIPC_NOT_FOUND, "no-such-service"},
        {"host.invalid.:7000", DIPC_NOT_FOUND, "host.invalid."},
        {"/no/such/path", DIPC_NOT_FOUND, "/no/such/path"},
        {"/dev/null/x", DIPC_NOT_FOUND, "/dev/null/x"},
        {"/dev/null", DIPC_REFUSED, "/dev/null"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(dipc_connect_server(rows[i].server, PATIENCE_MS,
                                             &connection, &error),
                         rows[i].status);
        assert_null(connection);
        assert_int_equal(error.status, rows[i].status);
        assert_non_null(strstr(error.message, rows[i].message));
        assert_int_equal(
            dipc_connect_server(rows[i].server, PATIENCE_MS, &connection, NULL),
            rows[i].status);
    }
}

static void
nobody_there_is_refused(void **state)
{
    char port[8];

    (void)state;
    (void)close(listen_on_loopback(port));
    assert_int_equal(
        dipc_connect("127.0.0.1", port, PATIENCE_MS, &connection, &error),
        DIPC_REFUSED);
    assert_non_null(strstr(error.message, port));
}

static void
arguments_out_of_range_are_refused(void **state)
{
    char path[256];

    (void)state;
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_int_equal(dipc_connect_unix(path, 0, &connection, &error),
                     DIPC_INVALID);
    assert_non_null(strstr(error.message, "1 to 107 bytes"));
    assert_int_equal(dipc_connect_unix("", 0, &connection, &error),
                     DIPC_INVALID);
    assert_int_equal(dipc_connect_unix(NULL, 0, &connection, &error),
                     DIPC_INVALID);
    assert_int_equal(dipc_connect(NULL, "1", 0, &connection, &error),
                     DIPC_INVALID);
    assert_int_equal(dipc_connect("localhost", "", 0, &connection, &error),
                     DIPC_INVALID);
    assert_int_equal(dipc_connect("localhost", "1", -2, &connection, &error),
                     DIPC_INVALID);
    assert_int_equal(dipc_connect_server(NULL, 0, &connection, &error),
                     DIPC_INVALID);
    dipc_close(NULL);
}

/* Its queue is full, and nobody ever accepts. */
static void
a_unix_socket_that_lets_nobody_in_is_a_timeout(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/dipc-test-connect-XXXXXX";
    int waiting[8];
    int count = 0;

    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s",
                   directory);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const void *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 0), 0);
    for (bool is_full = false; !is_full && count < 8; count++) {
        waiting[count] =
            socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        is_full =
            connect(waiting[count], (const void *)&address, sizeof address) < 0;
    }
    assert_true(count < 8);
    assert_int_equal(
        dipc_connect_unix(address.sun_path, SOON_MS, &connection, &error),
        DIPC_TIMED_OUT);
    assert_false(error.is_unknown);
    for (int i = 0; i < count; i++) {
        (void)close(waiting[i]);
    }
    (void)close(fd);
    (void)unlink(address.sun_path);
    assert_int_equal(rmdir(directory), 0);
}

/* A queue of TCP's that is full drops the newcomer's first packet. */
static void
a_port_that_lets_nobody_in_is_a_timeout(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char port[8];
    int waiting[64];
    int count = 0;
    bool is_full = false;

    (void)state;
    int fd = listen_on_loopback(port);
    assert_int_equal(listen(fd, 0), 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    for (; !is_full && count < 64; count++) {
        waiting[count] =
            socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(waiting[count], (const void *)&address, sizeof address);
        is_full = !libdipc_socket_await(waiting[count], POLLOUT,
                                        clock_now_ns(NULL) +
                                            SOON_MS * CLOCK_NS_PER_MS);
    }
    assert_true(is_full);
    assert_int_equal(
        dipc_connect("127.0.0.1", port, SOON_MS, &connection, &error),
        DIPC_TIMED_OUT);
    assert_null(connection);
    for (int i = 0; i < count; i++) {
        (void)close(waiting[i]);
    }
    (void)close(fd);
}

static int
lowest_free_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)close(fd);
    return fd;
}

static void
a_failure_leaves_no_descriptor(void **state)
{
    char port[8];

    (void)state;
    (void)close(listen_on_loopback(port));
    const int lowest = lowest_free_descriptor();
    (void)dipc_connect("localhost", port, PATIENCE_MS, &connection, NULL);
    (void)dipc_connect_unix("/dev/null", PATIENCE_MS, &connection, NULL);
    assert_int_equal(lowest_free_descriptor(), lowest);
}

static void
without_memory_there_is_no_connection(void **state)
{
    char port[8];
    int fd = listen_on_loopback(port);

    (void)state;
    fake_heap_set(0);
    enum dipc_status status =
        dipc_connect("127.0.0.1", port, PATIENCE_MS, &connection, &error);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(status, DIPC_NO_MEMORY);
    (void)close(fd);
}

static void
every_error_of_a_connection_has_a_status(void **state)
{
    static const struct {
        int error;
        enum dipc_status status;
    } rows[] = {
        {ECONNREFUSED, DIPC_REFUSED}, {EACCES, DIPC_REFUSED},
        {ENOENT, DIPC_NOT_FOUND},     {ENOTDIR, DIPC_NOT_FOUND},
        {ETIMEDOUT, DIPC_TIMED_OUT},  {EAGAIN, DIPC_TIMED_OUT},
        {EMFILE, DIPC_NO_MEMORY},     {ENOBUFS, DIPC_NO_MEMORY},
        {ENETDOWN, DIPC_UNREACHABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_calls_fail("connect", 1, rows[i].error);
        assert_int_equal(
            dipc_connect("127.0.0.1", "1", SOON_MS, &connection, &error),
            rows[i].status);
        assert_non_null(fake_calls_failed());
        assert_true(error.message[0] != '\0');
        fake_calls_fail("connect", 1, rows[i].error);
        assert_int_equal(
            dipc_connect_unix("/dev/null", SOON_MS, &connection, &error),
            rows[i].status);
        assert_non_null(fake_calls_failed());
    }
}

/* Those who have connected, and may have given up since then. */
static void
take_all(int listener)
{
    int fd = 0;

    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    while (fd >= 0) {
        fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            (void)close(fd);
        }
    }
}

/* Over TCP and over a Unix socket; an interrupted call is taken up again. */
static void
a_connection_in_which_a_call_fails_is_told_and_closed(void **state)
{
    static const int errors[] = {ENOBUFS, EINTR};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char port[8];
    int tcp = listen_on_loopback(port);
    int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    (void)snprintf(address.sun_path, sizeof address.sun_path,
                   "/tmp/dipc-test-fails-%ld", (long)getpid());
    assert_int_equal(bind(local, (const void *)&address, sizeof address), 0);
    assert_int_equal(listen(local, 1), 0);
    for (size_t i = 0; i < 2 * sizeof errors / sizeof errors[0]; i++) {
        const char *failed = "";
        for (long n = 1; failed != NULL; n++) {
            int before = fake_calls_descriptors();

            assert_true(n < 100);
            fake_calls_fail(NULL, n, errors[i / 2]);
            enum dipc_status status =
                i % 2 == 0 ? dipc_connect("127.0.0.1", port, PATIENCE_MS,
                                          &connection, &error)
                           : dipc_connect_unix(address.sun_path, PATIENCE_MS,
                                               &connection, &error);
            failed = fake_calls_failed();
            assert_true(status == DIPC_OK || failed != NULL);
            if (status == DIPC_OK) {
                dipc_close(connection);
            }
            take_all(i % 2 == 0 ? tcp : local);
            assert_int_equal(fake_calls_descriptors(), before);
        }
    }
    (void)close(tcp);
    (void)close(local);
    assert_int_equal(unlink(address.sun_path), 0);
}

static void
statuses_have_names_and_the_library_a_version(void **state)
{
    (void)state;
    assert_string_equal(dipc_status_name(DIPC_OK), "DIPC_OK");
    assert_string_equal(dipc_status_name(DIPC_NO_MEMORY), "DIPC_NO_MEMORY");
    for (int i = 0; i <= (int)DIPC_NO_MEMORY; i++) {
        assert_int_equal(
            strncmp(dipc_status_name((enum dipc_status)i), "DIPC_", 5), 0);
    }
    assert_string_equal(dipc_status_name((enum dipc_status)999), "unknown");
    assert_string_equal(dipc_library_version(), VERSION_TEXT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_name_a_server_leads_there),
        cmocka_unit_test(a_server_that_is_none_is_explained),
        cmocka_unit_test(nobody_there_is_refused),
        cmocka_unit_test(arguments_out_of_range_are_refused),
        cmocka_unit_test(a_unix_socket_that_lets_nobody_in_is_a_timeout),
        cmocka_unit_test(a_port_that_lets_nobody_in_is_a_timeout),
        cmocka_unit_test(a_failure_leaves_no_descriptor),
        cmocka_unit_test(without_memory_there_is_no_connection),
        cmocka_unit_test(every_error_of_a_connection_has_a_status),
        cmocka_unit_test(a_connection_in_which_a_call_fails_is_told_and_closed),
        cmocka_unit_test(statuses_have_names_and_the_library_a_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
