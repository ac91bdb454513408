/* Where a listener listens, and how it says that it cannot. */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "listener.h"

static struct listener listener;
static struct complaint complaint;

static int
open_on(const char *const *addresses, size_t count, uint16_t port)
{
    complaint.text[0] = '\0';
    return listener_open(&listener, addresses, count, port, &complaint);
}

static int
connect_ipv4(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    int failed = connect(fd, (const void *)&address, sizeof address);
    int error = failed ? errno : 0;
    (void)close(fd);
    return error;
}

static void
any_port_is_one_for_all_addresses(void **state)
{
    char text[LISTENER_TEXT_MAX];

    (void)state;
    assert_int_equal(open_on(NULL, 0, LISTENER_ANY_PORT), 0);
    assert_true(listener.port > 0);
    assert_int_equal(connect_ipv4(listener.port), 0);
    listener_describe(&listener, text);
    assert_int_equal(strncmp(text, "127.0.0.1", 9), 0);
    listener_close(&listener);
    assert_int_equal(connect_ipv4(listener.port), ECONNREFUSED);
    listener_close(&listener);
}

static void
a_taken_port_is_an_error(void **state)
{
    struct listener first;

    (void)state;
    assert_int_equal(open_on(NULL, 0, LISTENER_ANY_PORT), 0);
    first = listener;
    assert_int_equal(open_on(NULL, 0, first.port), EADDRINUSE);
    assert_non_null(strstr(complaint.text, "cannot listen on 127.0.0.1 port"));
    assert_int_equal(listener.count, 0);
    listener_close(&first);
    assert_int_equal(open_on(NULL, 0, first.port), 0);
    listener_close(&listener);
}

/* The first address is let go of when the second cannot be had. */
static void
a_failure_leaves_nothing_open(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "192.0.2.1"};

    (void)state;
    assert_int_equal(open_on(addresses, 2, LISTENER_ANY_PORT), EADDRNOTAVAIL);
    assert_non_null(strstr(complaint.text, "192.0.2.1"));
    assert_int_equal(listener.count, 0);
}

static void
names_become_addresses_once_each(void **state)
{
    static const char *const addresses[] = {"localhost", "127.0.0.1",
                                            "127.0.0.1"};

    (void)state;
    assert_int_equal(open_on(addresses, 3, LISTENER_ANY_PORT), 0);
    assert_true(listener.count <= 2);
    assert_int_equal(connect_ipv4(listener.port), 0);
    listener_close(&listener);
}

static void
a_wrong_name_is_named(void **state)
{
    static const char *const wrong[] = {"", "127.0.0.256", "no host",
                                        "127.0.0.1:80"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(open_on(&wrong[i], 1, LISTENER_ANY_PORT),
                         EADDRNOTAVAIL);
        assert_non_null(strstr(complaint.text, wrong[i]));
    }
}

static void
both_wildcards_go_together(void **state)
{
    static const char *const wildcards[] = {"0.0.0.0", "::"};
    struct listener only_ipv4;

    (void)state;
    assert_int_equal(open_on(wildcards, 1, LISTENER_ANY_PORT), 0);
    only_ipv4 = listener;
    listener_close(&only_ipv4);
    int error = open_on(wildcards, 2, LISTENER_ANY_PORT);
    if (error == EAFNOSUPPORT || error == EADDRNOTAVAIL) {
        skip();
    }
    assert_int_equal(error, 0);
    assert_int_equal(listener.count, 2);
    assert_int_equal(connect_ipv4(listener.port), 0);
    listener_close(&listener);
}

static void
sockets_of_one_port_are_adopted(void **state)
{
    struct listener first;
    struct listener other;

    (void)state;
    assert_int_equal(open_on(NULL, 0, LISTENER_ANY_PORT), 0);
    first = listener;
    assert_int_equal(listener_adopt(&listener, first.sockets, first.count,
                                    LISTENER_ANY_PORT, &complaint),
                     0);
    assert_int_equal(listener.port, first.port);
    assert_int_equal(listener.count, first.count);
    assert_int_equal(open_on(NULL, 0, LISTENER_ANY_PORT), 0);
    other = listener;
    const int mixed[] = {first.sockets[0], other.sockets[0]};
    assert_int_equal(
        listener_adopt(&listener, mixed, 2, first.port, &complaint),
        EADDRNOTAVAIL);
    assert_non_null(strstr(complaint.text, "127.0.0.1:"));
    assert_int_equal(listener.count, 0);
    assert_int_equal(connect_ipv4(first.port), 0);
    assert_int_equal(connect_ipv4(other.port), 0);
    listener_close(&first);
    listener_close(&other);
}

static struct unix_socket_request
request_at(const char *path)
{
    return (struct unix_socket_request){
        .path = path,
        .mode = UNIX_SOCKET_MODE,
        .user = UNIX_SOCKET_SAME_USER,
        .group = UNIX_SOCKET_SAME_GROUP,
    };
}

/* Beside TCP, alone, and gone in the end. */
static void
a_unix_socket_is_one_more(void **state)
{
    char folder[] = "/tmp/dipc-test-listener-XXXXXX";
    char path[64];
    char text[LISTENER_TEXT_MAX];
    char expected[LISTENER_TEXT_MAX];

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a.sock", folder);
    const struct unix_socket_request request = request_at(path);
    assert_int_equal(open_on(NULL, 0, LISTENER_ANY_PORT), 0);
    const size_t count = listener.count;
    assert_int_equal(listener_open_unix(&listener, &request, &complaint), 0);
    assert_int_equal(listener.count, count + 1);
    assert_int_equal(listener.sockets[count], listener.local.fd);
    listener_describe(&listener, text);
    (void)snprintf(expected, sizeof expected, ", port %u, and %s",
                   listener.port, path);
    assert_non_null(strstr(text, expected));
    listener_close(&listener);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(connect_ipv4(listener.port), ECONNREFUSED);

    listener_init(&listener, 7000);
    assert_int_equal(listener_open_unix(&listener, &request, &complaint), 0);
    assert_int_equal(listener.count, 1);
    listener_describe(&listener, text);
    assert_string_equal(text, path);
    listener_close(&listener);
    assert_int_equal(access(path, F_OK), -1);
    listener_close(&listener);
    assert_int_equal(rmdir(folder), 0);
}

static void
a_unix_socket_that_fails_leaves_the_rest(void **state)
{
    const struct unix_socket_request request = request_at("/dev/null");

    (void)state;
    assert_int_equal(open_on(NULL, 0, LISTENER_ANY_PORT), 0);
    const size_t count = listener.count;
    assert_int_equal(listener_open_unix(&listener, &request, &complaint),
                     EEXIST);
    assert_int_equal(listener.count, count);
    assert_int_equal(connect_ipv4(listener.port), 0);
    listener_close(&listener);
}

static void
an_opening_that_fails_anywhere_is_told(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    static const int errors[] = {EMFILE, EADDRINUSE, EAFNOSUPPORT};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof errors / sizeof errors[0]; i++) {
        const char *failed = "";
        for (long n = 1; failed != NULL; n++) {
            int before = fake_calls_descriptors();

            assert_true(n < 100);
            fake_calls_fail(NULL, n, errors[i / 2]);
            int error = open_on(addresses, i % 2, LISTENER_ANY_PORT);
            failed = fake_calls_failed();
            assert_int_equal(error != 0, listener.count == 0);
            assert_true(error == 0 || complaint.text[0] != '\0');
            listener_close(&listener);
            assert_int_equal(fake_calls_descriptors(), before);
        }
    }
}

static void
only_so_many_addresses_are_listened_on(void **state)
{
    char texts[LISTENER_SOCKETS_MAX + 1][sizeof "127.0.1.-2147483648"];
    const char *addresses[LISTENER_SOCKETS_MAX + 1];
    const struct unix_socket_request one_more = request_at("/tmp/unused");

    (void)state;
    for (int i = 0; i <= LISTENER_SOCKETS_MAX; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "127.0.1.%d", i + 1);
        addresses[i] = texts[i];
    }
    assert_int_equal(
        open_on(addresses, LISTENER_SOCKETS_MAX + 1, LISTENER_ANY_PORT), E2BIG);
    assert_non_null(strstr(complaint.text, "addresses to listen on"));
    assert_int_equal(
        open_on(addresses, LISTENER_SOCKETS_MAX, LISTENER_ANY_PORT), 0);
    assert_int_equal(listener_open_unix(&listener, &one_more, &complaint),
                     E2BIG);
    listener_close(&listener);
}

static void
a_descriptor_that_cannot_be_used_is_not_adopted(void **state)
{
    struct listener first;

    (void)state;
    assert_int_equal(open_on(NULL, 0, LISTENER_ANY_PORT), 0);
    first = listener;
    fake_calls_fail("getsockname", 1, ENOTSOCK);
    assert_int_equal(listener_adopt(&listener, first.sockets, 1,
                                    LISTENER_ANY_PORT, &complaint),
                     ENOTSOCK);
    assert_non_null(fake_calls_failed());
    assert_non_null(strstr(complaint.text, "cannot be used"));
    assert_int_equal(listener.count, 0);
    listener_close(&first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_port_is_one_for_all_addresses),
        cmocka_unit_test(a_taken_port_is_an_error),
        cmocka_unit_test(a_failure_leaves_nothing_open),
        cmocka_unit_test(names_become_addresses_once_each),
        cmocka_unit_test(a_wrong_name_is_named),
        cmocka_unit_test(both_wildcards_go_together),
        cmocka_unit_test(sockets_of_one_port_are_adopted),
        cmocka_unit_test(a_unix_socket_is_one_more),
        cmocka_unit_test(a_unix_socket_that_fails_leaves_the_rest),
        cmocka_unit_test(an_opening_that_fails_anywhere_is_told),
        cmocka_unit_test(only_so_many_addresses_are_listened_on),
        cmocka_unit_test(a_descriptor_that_cannot_be_used_is_not_adopted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
