/* Addresses of both families, as people write them. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "endpoint.h"

static const struct {
    int family;
    const char *host;
    uint16_t port;
    const char *described;
} rows[] = {
    {AF_INET, "127.0.0.1", 7000, "127.0.0.1:7000"},
    {AF_INET, "255.255.255.255", 65535, "255.255.255.255:65535"},
    {AF_INET6, "::1", 1, "[::1]:1"},
    {AF_INET6, "ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888", 65535,
     "[ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888]:65535"},
};

#define ROWS (sizeof rows / sizeof rows[0])

static void
fill(struct sockaddr_storage *address, size_t row)
{
    void *host = &((struct sockaddr_in *)address)->sin_addr;

    *address =
        (struct sockaddr_storage){.ss_family = (sa_family_t)rows[row].family};
    if (rows[row].family == AF_INET6) {
        host = &((struct sockaddr_in6 *)address)->sin6_addr;
    }
    assert_int_equal(inet_pton(rows[row].family, rows[row].host, host), 1);
    endpoint_set_port((struct sockaddr *)address, rows[row].port);
}

static void
addresses_are_written_as_people_do(void **state)
{
    struct sockaddr_storage address;
    char text[ENDPOINT_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        fill(&address, i);
        endpoint_describe((struct sockaddr *)&address, text);
        assert_string_equal(text, rows[i].described);
        endpoint_describe_host((struct sockaddr *)&address, text);
        assert_string_equal(text, rows[i].host);
        assert_int_equal(endpoint_port((struct sockaddr *)&address),
                         rows[i].port);
    }
}

static void
hosts_are_compared_without_their_ports(void **state)
{
    struct sockaddr_storage a;
    struct sockaddr_storage b;

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < ROWS; j++) {
            fill(&a, i);
            fill(&b, j);
            endpoint_set_port((struct sockaddr *)&b, 9);
            assert_int_equal(
                endpoint_is_equal((struct sockaddr *)&a, (struct sockaddr *)&b),
                i == j);
        }
    }
}

static void
a_unix_socket_is_described_by_its_name(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX,
                                  .sun_path = "/run/mail.sock"};
    char text[ENDPOINT_TEXT_MAX];

    (void)state;
    endpoint_describe_host((struct sockaddr *)&address, text);
    assert_string_equal(text, "/run/mail.sock");
    address.sun_path[0] = '\0';
    endpoint_describe_host((struct sockaddr *)&address, text);
    assert_string_equal(text, "@run/mail.sock");
    memset(address.sun_path, 'x', sizeof address.sun_path);
    endpoint_describe_host((struct sockaddr *)&address, text);
    assert_int_equal(strspn(text, "x"), ENDPOINT_TEXT_MAX - 1);
}

static void
another_family_has_no_name(void **state)
{
    struct sockaddr_storage address = {.ss_family = AF_PACKET};
    char text[ENDPOINT_TEXT_MAX];

    (void)state;
    endpoint_describe_host((struct sockaddr *)&address, text);
    assert_string_equal(text, "?");
}

static void
a_local_peer_is_a_process_of_a_user(void **state)
{
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    char text[ENDPOINT_TEXT_MAX];
    char expected[ENDPOINT_TEXT_MAX];
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
                     0);
    endpoint_describe_peer(pair[0], (struct sockaddr *)&address, text);
    (void)snprintf(expected, sizeof expected, "process %d of user %u", getpid(),
                   geteuid());
    assert_string_equal(text, expected);
    (void)close(pair[0]);
    (void)close(pair[1]);
    endpoint_describe_peer(-1, (struct sockaddr *)&address, text);
    assert_string_equal(text, "a process");
    fill(&address, 0);
    endpoint_describe(((struct sockaddr *)&address), expected);
    endpoint_describe_peer(-1, (struct sockaddr *)&address, text);
    assert_string_equal(text, expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_people_do),
        cmocka_unit_test(hosts_are_compared_without_their_ports),
        cmocka_unit_test(a_unix_socket_is_described_by_its_name),
        cmocka_unit_test(another_family_has_no_name),
        cmocka_unit_test(a_local_peer_is_a_process_of_a_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
