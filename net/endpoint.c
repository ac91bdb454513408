#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static const struct sockaddr_in *
as_ipv4(const struct sockaddr *address)
{
    return (const void *)address;
}

static const struct sockaddr_in6 *
as_ipv6(const struct sockaddr *address)
{
    return (const void *)address;
}

uint16_t
endpoint_port(const struct sockaddr *address)
{
    return ntohs(address->sa_family == AF_INET6 ? as_ipv6(address)->sin6_port
                                                : as_ipv4(address)->sin_port);
}

void
endpoint_set_port(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET6) {
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
    }
}

socklen_t
endpoint_bytes(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

bool
endpoint_is_equal(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family) {
        return false;
    }
    if (a->sa_family == AF_INET6) {
        return as_ipv6(a)->sin6_scope_id == as_ipv6(b)->sin6_scope_id &&
               !memcmp(&as_ipv6(a)->sin6_addr, &as_ipv6(b)->sin6_addr,
                       sizeof(struct in6_addr));
    }
    return as_ipv4(a)->sin_addr.s_addr == as_ipv4(b)->sin_addr.s_addr;
}

bool
endpoint_is_wildcard(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)address;
        return IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
    }
    const struct sockaddr_in *four = (const void *)address;
    return four->sin_addr.s_addr == htonl(INADDR_ANY);
}

/* A path, "@" and an abstract name, or nothing where there is no name. */
static void
describe_unix(const struct sockaddr_un *address,
              char text[static ENDPOINT_TEXT_MAX])
{
    const bool is_abstract = address->sun_path[0] == '\0';
    const size_t room = sizeof address->sun_path - is_abstract;

    (void)snprintf(text, ENDPOINT_TEXT_MAX, "%s%.*s", is_abstract ? "@" : "",
                   (int)room, address->sun_path + is_abstract);
}

void
endpoint_describe_host(const struct sockaddr *address,
                       char text[static ENDPOINT_TEXT_MAX])
{
    if (address->sa_family == AF_UNIX) {
        describe_unix((const void *)address, text);
        return;
    }
    const void *host = address->sa_family == AF_INET6
                           ? (const void *)&as_ipv6(address)->sin6_addr
                           : (const void *)&as_ipv4(address)->sin_addr;

    if (!inet_ntop(address->sa_family, host, text, ENDPOINT_TEXT_MAX)) {
        memcpy(text, "?", sizeof "?");
    }
}

void
endpoint_describe(const struct sockaddr *address,
                  char text[static ENDPOINT_TEXT_MAX])
{
    char host[ENDPOINT_TEXT_MAX];
    const bool is_ipv6 = address->sa_family == AF_INET6;

    endpoint_describe_host(address, host);
    (void)snprintf(text, ENDPOINT_TEXT_MAX, "%s%.46s%s:%u", is_ipv6 ? "[" : "",
                   host, is_ipv6 ? "]" : "", (unsigned)endpoint_port(address));
}

void
endpoint_describe_peer(int fd, const struct sockaddr *address,
                       char text[static ENDPOINT_TEXT_MAX])
{
    struct ucred peer;
    socklen_t bytes = sizeof peer;

    if (address->sa_family != AF_UNIX) {
        endpoint_describe(address, text);
    } else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0) {
        (void)snprintf(text, ENDPOINT_TEXT_MAX, "process %ld of user %lu",
                       (long)peer.pid, (unsigned long)peer.uid);
    } else {
        (void)snprintf(text, ENDPOINT_TEXT_MAX, "a process");
    }
}
