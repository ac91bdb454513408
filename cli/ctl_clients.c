#include "ctl_clients.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define QUESTION "CLIENT LIST\r\n"
#define TEXT_BYTES ((size_t)262144) /* of a server of this version: 240 kB */
#define WORD_MAX 160

/* As the server writes down where a connection comes from. */
static void
describe_own(int fd, char text[static ENDPOINT_TEXT_MAX])
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;

    text[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &bytes) < 0) {
        return;
    }
    if (address.ss_family == AF_UNIX) {
        (void)snprintf(text, ENDPOINT_TEXT_MAX, "process-%ld-of-user-%lu",
                       (long)getpid(), (unsigned long)geteuid());
    } else {
        endpoint_describe((struct sockaddr *)&address, text);
    }
}

static bool
await(int fd, short events, uint64_t deadline_ns)
{
    struct pollfd awaited = {.fd = fd, .events = events};
    int ready;

    do {
        ready = poll(&awaited, 1,
                     clock_remaining_ms(clock_now_ns(NULL), deadline_ns));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static bool
connect_by(int fd, const struct sockaddr_storage *address, socklen_t bytes,
           uint64_t deadline_ns)
{
    int error = 0;
    socklen_t error_bytes = sizeof error;

    if (connect(fd, (const struct sockaddr *)address, bytes) == 0) {
        return true;
    }
    return errno == EINPROGRESS && await(fd, POLLOUT, deadline_ns) &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) == 0 &&
           error == 0;
}

static uint64_t
deadline_of(const struct ctl_clients_link *link)
{
    return link->timeout_ms < 0
               ? CLOCK_NEVER
               : clock_add_ns(clock_now_ns(NULL),
                              (uint64_t)link->timeout_ms * CLOCK_NS_PER_MS);
}

void
ctl_clients_open(struct ctl_clients_link *link, int other, int timeout_ms)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;

    *link = (struct ctl_clients_link){.fd = -1, .timeout_ms = timeout_ms};
    if (getpeername(other, (struct sockaddr *)&address, &bytes) < 0) {
        return;
    }
    link->fd = socket(address.ss_family,
                      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0) {
        return;
    }
    if (!connect_by(link->fd, &address, bytes, deadline_of(link))) {
        ctl_clients_close(link);
        return;
    }
    describe_own(other, link->own[0]);
    describe_own(link->fd, link->own[1]);
}

void
ctl_clients_close(struct ctl_clients_link *link)
{
    if (link->fd >= 0) {
        (void)close(link->fd);
        link->fd = -1;
    }
}

/* The text in a bulk, "$5\r\nhello\r\n", once all of it is there. */
static bool
find_bulk(char *reply, size_t length, char **text, size_t *text_bytes)
{
    char *end = NULL;

    reply[length] = '\0';
    if (reply[0] != '$') {
        return false;
    }
    const unsigned long long bytes = strtoull(reply + 1, &end, 10);
    if (end == reply + 1 || strncmp(end, "\r\n", 2) != 0 ||
        bytes > TEXT_BYTES) {
        return false;
    }
    *text = end + 2;
    *text_bytes = (size_t)bytes;
    return (size_t)(*text - reply) + *text_bytes + 2 <= length;
}

/* Ask, and receive until the answer is whole. */
static bool
converse(const struct ctl_clients_link *link, char *reply, size_t room,
         char **text, size_t *text_bytes)
{
    const uint64_t deadline_ns = deadline_of(link);
    size_t length = 0;

    if (send(link->fd, QUESTION, strlen(QUESTION), MSG_NOSIGNAL) !=
        (ssize_t)strlen(QUESTION)) {
        return false;
    }
    while (length < room && await(link->fd, POLLIN, deadline_ns)) {
        ssize_t got = recv(link->fd, reply + length, room - length, 0);
        if (got <= 0) {
            return false;
        }
        length += (size_t)got;
        if (find_bulk(reply, length, text, text_bytes)) {
            return true;
        }
        if (reply[0] != '$') {
            return false;
        }
    }
    return false;
}

static void
mark_own(const struct ctl_clients_link *link, struct ctl_clients *clients)
{
    for (size_t i = 0; i < clients->count; i++) {
        struct ctl_client *row = &clients->rows[i];
        row->is_own = !strcmp(row->address, link->own[0]) ||
                      !strcmp(row->address, link->own[1]);
    }
}

void
ctl_clients_take(struct ctl_clients_link *link, struct ctl_clients *clients)
{
    static char reply[TEXT_BYTES + 64];
    char *text = NULL;
    size_t text_bytes = 0;

    clients->is_known = false;
    clients->count = 0;
    if (link->fd < 0) {
        return;
    }
    if (!converse(link, reply, sizeof reply - 1, &text, &text_bytes)) {
        ctl_clients_close(link);
        return;
    }
    ctl_clients_parse(clients, text, text_bytes);
    mark_own(link, clients);
}

static void
take_text(char *to, size_t room, const char *value)
{
    (void)snprintf(to, room, "%s", value);
}

static void
take_word(struct ctl_client *row, char *word)
{
    char *value = strchr(word, '=');

    if (!value) {
        return;
    }
    *value++ = '\0';
    if (!strcmp(word, "addr")) {
        take_text(row->address, sizeof row->address, value);
    } else if (!strcmp(word, "name")) {
        take_text(row->name, sizeof row->name, value);
    } else if (!strcmp(word, "id")) {
        row->number = strtoull(value, NULL, 10);
    } else if (!strcmp(word, "resp")) {
        row->protocol = strtoull(value, NULL, 10);
    } else if (!strcmp(word, "age")) {
        row->age_s = strtoull(value, NULL, 10);
    } else if (!strcmp(word, "idle")) {
        row->idle_s = strtoull(value, NULL, 10);
    } else if (!strcmp(word, "tot-cmds")) {
        row->requests = strtoull(value, NULL, 10);
    } else if (!strcmp(word, "watching")) {
        row->watching = strtoull(value, NULL, 10);
    }
}

/* The next word before `end`, cut at WORD_MAX; behind it. */
static const char *
next_word(const char *at, const char *end, char word[static WORD_MAX])
{
    size_t length = 0;

    while (at < end && *at == ' ') {
        at++;
    }
    while (at < end && *at != ' ') {
        if (length < WORD_MAX - 1) {
            word[length++] = *at;
        }
        at++;
    }
    word[length] = '\0';
    return at;
}

void
ctl_clients_parse(struct ctl_clients *clients, const char *text, size_t length)
{
    const char *at = text;
    const char *end = text + length;
    char word[WORD_MAX];

    clients->is_known = true;
    clients->count = 0;
    while (at < end && clients->count < CTL_CLIENTS_MAX) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct ctl_client *row = &clients->rows[clients->count];
        *row = (struct ctl_client){.watching = CTL_CLIENTS_NONE};
        newline = newline ? newline : end;
        while (at < newline) {
            at = next_word(at, newline, word);
            take_word(row, word);
        }
        at = newline + (newline < end);
        clients->count += row->number > 0;
    }
}
