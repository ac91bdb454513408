#include "gather_sender.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "codec.h"
#include "complaint.h"
#include "gather.h"

#define HOST_MAX 256
#define PORT_MAX 32

/* So many pieces may be on their way unanswered. */
#define OWED_MAX 16

/* How often, and how far apart, a parent without room is asked again. */
#define BUSY_TRIES 600
#define BUSY_PAUSE_MS 100

#define UNIX_PREFIX "unix:"

struct gather_sender {
    unsigned which;
    char token[CODEC_TOKEN_MAX + 1];
    char host[HOST_MAX]; /* "": path */
    char port[PORT_MAX];
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    uint64_t type;
    uint64_t size_bytes;
    int fd;                           /* -1: not connected */
    unsigned owed;                    /* answers that have not come */
    char input[4 * CODEC_ANSWER_MAX]; /* answers that have come */
    size_t input_bytes;
    int error; /* the first; every call returns it */
    struct complaint complaint;
};

static int
fail(struct gather_sender *sender, int error)
{
    sender->error = error;
    return error;
}

static int
fail_to(struct gather_sender *sender, const char *what, int error)
{
    complaint_set(&sender->complaint, "cannot %s: %s", what, strerror(error));
    return fail(sender, error);
}

/* "HOST:PORT" or "[IPV6]:PORT" */
static int
parse_endpoint(const char *address, struct gather_sender *sender)
{
    const char *colon = strrchr(address, ':');
    const char *host = address;

    if (!colon || colon[1] == '\0' || strlen(colon + 1) >= PORT_MAX) {
        return EINVAL;
    }
    size_t length = (size_t)(colon - address);
    if (address[0] == '[') {
        if (length < 2 || colon[-1] != ']') {
            return EINVAL;
        }
        host++;
        length -= 2;
    } else if (memchr(address, ':', length)) {
        return EINVAL;
    }
    if (length == 0 || length >= HOST_MAX) {
        return EINVAL;
    }
    memcpy(sender->host, host, length);
    memcpy(sender->port, colon + 1, strlen(colon + 1) + 1);
    return 0;
}

static int
parse_address(const char *address, struct gather_sender *sender)
{
    const size_t prefix = strlen(UNIX_PREFIX);

    if (strncmp(address, UNIX_PREFIX, prefix) != 0) {
        return parse_endpoint(address, sender);
    }
    address += prefix;
    const size_t length = strlen(address);
    if (length == 0 || length >= sizeof sender->path) {
        return EINVAL;
    }
    memcpy(sender->path, address, length + 1);
    return 0;
}

int
gather_sender_create(const char *address, unsigned which, const char *token,
                     struct gather_sender **sender)
{
    const size_t length = strlen(token);

    if (length == 0 || length > CODEC_TOKEN_MAX || strpbrk(token, " \r\n")) {
        return EACCES;
    }
    struct gather_sender *made = calloc(1, sizeof *made);
    if (!made) {
        return ENOMEM;
    }
    made->which = which;
    made->fd = -1;
    made->size_bytes = GATHER_SENDER_ANY_SIZE;
    memcpy(made->token, token, length + 1);
    int error = parse_address(address, made);
    if (error) {
        free(made);
        return error;
    }
    *sender = made;
    return 0;
}

void
gather_sender_announce(struct gather_sender *sender, uint64_t type,
                       uint64_t size_bytes)
{
    assert(sender->fd < 0);
    sender->type = type;
    sender->size_bytes = size_bytes;
}

unsigned
gather_sender_which(const struct gather_sender *sender)
{
    return sender->which;
}

const char *
gather_sender_error(const struct gather_sender *sender)
{
    return sender->complaint.text;
}

int
gather_sender_descriptor(const struct gather_sender *sender)
{
    return sender->fd;
}

static void
disconnect(struct gather_sender *sender)
{
    if (sender->fd >= 0) {
        (void)close(sender->fd);
        sender->fd = -1;
    }
    sender->owed = 0;
    sender->input_bytes = 0;
}

void
gather_sender_destroy(struct gather_sender *sender)
{
    if (sender) {
        disconnect(sender);
        free(sender);
    }
}

/* ---- Answers. ---- */

static const struct {
    const char *code;
    int error;
} refusals[] = {
    {"denied", EACCES},      {"no-such-mailbox", ENOENT},  {"too-large", EFBIG},
    {"bad-request", EPROTO}, {"shutting-down", ECANCELED}, {"busy", EBUSY},
    {"internal", ENOMEM},    {"timeout", ETIMEDOUT},
};

/* "err CODE: TEXT" */
static int
take_refusal(struct gather_sender *sender, const char *line)
{
    const char *code = line + strlen("err ");
    const size_t length = strcspn(code, ": ");
    const char *text = code + length;

    while (*text == ':' || *text == ' ') {
        text++;
    }
    complaint_set(&sender->complaint, "refused: %s (%.*s)", text, (int)length,
                  code);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (strlen(refusals[i].code) == length &&
            !strncmp(refusals[i].code, code, length)) {
            bool is_short = !strncmp(text, "the result is shorter", 21);
            return fail(sender, is_short ? ENODATA : refusals[i].error);
        }
    }
    return fail(sender, EPROTO);
}

static int
fail_as_stranger(struct gather_sender *sender)
{
    complaint_set(&sender->complaint,
                  "what answers there is no parent that gathers");
    return fail(sender, EPROTO);
}

/* line  without its newline */
static int
take_answer(struct gather_sender *sender, const char *line)
{
    if (!strncmp(line, "ok 0", 4) && sender->owed > 0) {
        sender->owed--;
        return 0;
    }
    if (!strncmp(line, "err ", 4)) {
        return take_refusal(sender, line);
    }
    return fail_as_stranger(sender);
}

/* Errors: EAGAIN  nothing has come (MSG_DONTWAIT) */
static int
receive(struct gather_sender *sender, int flags)
{
    const size_t room = sizeof sender->input - sender->input_bytes;
    ssize_t got;

    if (room == 0) {
        return fail_as_stranger(sender);
    }
    do {
        got =
            recv(sender->fd, sender->input + sender->input_bytes, room, flags);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN && (flags & MSG_DONTWAIT)) {
        return EAGAIN;
    }
    if (got < 0 && errno != ECONNRESET) {
        return fail_to(sender, "receive", errno);
    }
    if (got <= 0) {
        complaint_set(&sender->complaint,
                      "the connection broke: the parent is gone, or it has "
                      "given this child up");
        return fail(sender, ECONNRESET);
    }
    sender->input_bytes += (size_t)got;
    return 0;
}

/* Errors: EAGAIN  no whole answer has come */
static int
take_next_answer(struct gather_sender *sender)
{
    char line[sizeof sender->input];
    const char *newline = memchr(sender->input, '\n', sender->input_bytes);

    if (!newline) {
        return EAGAIN;
    }
    size_t length = (size_t)(newline - sender->input);
    memcpy(line, sender->input, length);
    line[length] = '\0';
    sender->input_bytes -= length + 1;
    memmove(sender->input, newline + 1, sender->input_bytes);
    return take_answer(sender, line);
}

/*
 * Take answers until no more than `owed` are owed.
 * Errors: EAGAIN  more are, and have not come (MSG_DONTWAIT)
 */
static int
take_answers(struct gather_sender *sender, unsigned owed, int flags)
{
    while (sender->owed > owed) {
        int error = take_next_answer(sender);
        if (error == EAGAIN) {
            error = receive(sender, flags);
        }
        if (error) {
            return error;
        }
    }
    return 0;
}

/*
 * What could not be sent may have been refused: the answer says why.  The
 * parent, which sees the end of this side, ends its own.
 */
static int
explain_break(struct gather_sender *sender, int number)
{
    (void)shutdown(sender->fd, SHUT_WR);
    int error = take_answers(sender, 0, 0);

    if (error && error != ECONNRESET) {
        return error;
    }
    return number == EPIPE && error ? error : fail_to(sender, "send", number);
}

/* ---- Requests. ---- */

static int
send_all(struct gather_sender *sender, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};

    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(sender->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return explain_break(sender, errno);
        }
        size_t gone = (size_t)sent;
        while (message.msg_iovlen > 0 && gone >= message.msg_iov->iov_len) {
            gone -= message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base =
                (char *)message.msg_iov->iov_base + gone;
            message.msg_iov->iov_len -= gone;
        }
    }
    return 0;
}

static int
request(struct gather_sender *sender, char *line, const void *data,
        size_t length_bytes)
{
    struct iovec parts[] = {
        {.iov_base = line, .iov_len = strlen(line)},
        {.iov_base = (void *)data, .iov_len = length_bytes},
    };

    sender->owed++;
    return send_all(sender, parts, length_bytes > 0 ? 2 : 1);
}

static int
begin(struct gather_sender *sender, uint64_t number)
{
    char line[CODEC_HEADER_MAX];
    char size[40] = "";
    char failure[40] = "";

    if (sender->size_bytes != GATHER_SENDER_ANY_SIZE) {
        (void)snprintf(size, sizeof size, " size=%" PRIu64, sender->size_bytes);
    }
    if (number) {
        (void)snprintf(failure, sizeof failure, " fail=%" PRIu64, number);
    }
    (void)snprintf(line, sizeof line, "g %u %s type=%" PRIu64 "%s%s\n",
                   sender->which, sender->token, sender->type, size, failure);
    return request(sender, line, NULL, 0);
}

/* ---- Connecting. ---- */

/* A signal came: over TCP the attempt goes on, to a Unix socket it is over. */
static int
finish_connecting(int fd, const struct sockaddr *address, socklen_t bytes)
{
    struct pollfd awaited = {.fd = fd, .events = POLLOUT};
    socklen_t error_bytes = sizeof(int);
    int error = EINTR;

    while (address->sa_family == AF_UNIX && error == EINTR) {
        error = connect(fd, address, bytes) < 0 ? errno : 0;
    }
    if (address->sa_family == AF_UNIX) {
        return error;
    }
    while (poll(&awaited, 1, -1) < 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0) {
        return errno;
    }
    return error;
}

static int
connect_to(struct gather_sender *sender, const struct sockaddr *address,
           socklen_t bytes)
{
    const int on = 1;

    sender->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (sender->fd < 0) {
        return errno;
    }
    int error = connect(sender->fd, address, bytes) < 0 ? errno : 0;
    if (error == EINTR) {
        error = finish_connecting(sender->fd, address, bytes);
    }
    if (error) {
        disconnect(sender);
        return error;
    }
    (void)!setsockopt(sender->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)!setsockopt(sender->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return 0;
}

static int
connect_path(struct gather_sender *sender)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, sender->path, sizeof address.sun_path);
    int error =
        connect_to(sender, (const struct sockaddr *)&address, sizeof address);
    if (error) {
        complaint_set(&sender->complaint, "cannot connect to %s: %s",
                      sender->path, strerror(error));
        return fail(sender, error == ENOENT ? ECONNREFUSED : error);
    }
    return 0;
}

static int
connect_host(struct gather_sender *sender)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = EADDRNOTAVAIL;

    int failed = getaddrinfo(sender->host, sender->port, &hints, &found);
    if (failed) {
        complaint_set(&sender->complaint, "%s:%s is no address (%s)",
                      sender->host, sender->port, gai_strerror(failed));
        return fail(sender, EADDRNOTAVAIL);
    }
    for (struct addrinfo *i = found; i && error; i = i->ai_next) {
        error = connect_to(sender, i->ai_addr, i->ai_addrlen);
    }
    freeaddrinfo(found);
    if (error) {
        complaint_set(&sender->complaint, "cannot connect to %s port %s: %s",
                      sender->host, sender->port, strerror(error));
        return fail(sender, error);
    }
    return 0;
}

/*
 * Connect and say whose result follows.  Whoever is told "busy" must wait for
 * others to be done; of that it is told only in answer to its opening.
 */
static int
try_to_begin(struct gather_sender *sender, uint64_t number)
{
    int error =
        sender->path[0] != '\0' ? connect_path(sender) : connect_host(sender);
    if (!error) {
        error = begin(sender, number);
    }
    if (!error) {
        error = take_answers(sender, 0, 0);
    }
    return error;
}

static int
connect_and_begin(struct gather_sender *sender, uint64_t number)
{
    int error = try_to_begin(sender, number);

    for (int i = 0; i < BUSY_TRIES && error == EBUSY; i++) {
        disconnect(sender);
        sender->error = 0;
        (void)poll(NULL, 0, BUSY_PAUSE_MS);
        error = try_to_begin(sender, number);
    }
    return error;
}

int
gather_sender_connect(struct gather_sender *sender)
{
    if (sender->error || sender->fd >= 0) {
        return sender->error;
    }
    return connect_and_begin(sender, 0);
}

static int
send_piece(struct gather_sender *sender, const char *data, size_t length_bytes)
{
    char line[CODEC_HEADER_MAX];

    (void)snprintf(line, sizeof line, "w %u %zu at=end\n", sender->which,
                   length_bytes);
    int error = request(sender, line, data, length_bytes);
    if (!error) {
        error = take_answers(sender, OWED_MAX, 0);
    }
    if (!error) {
        error = take_answers(sender, 0, MSG_DONTWAIT);
    }
    return error == EAGAIN ? 0 : error;
}

int
gather_sender_send(struct gather_sender *sender, const void *data,
                   size_t length_bytes)
{
    const char *next = data;

    int error = gather_sender_connect(sender);
    while (length_bytes > 0 && !error) {
        size_t piece = length_bytes < GATHER_PACKET_BYTES ? length_bytes
                                                          : GATHER_PACKET_BYTES;
        error = send_piece(sender, next, piece);
        next += piece;
        length_bytes -= piece;
    }
    return error;
}

int
gather_sender_look(struct gather_sender *sender)
{
    int error = sender->error;

    while (!error && sender->fd >= 0) {
        error = take_next_answer(sender);
        if (error == EAGAIN) {
            error = receive(sender, MSG_DONTWAIT);
        }
    }
    return error == EAGAIN ? 0 : error;
}

/* Errors: those of read; *at_end is set where there is no more */
static int
copy_some(struct gather_sender *sender, int fd, bool *at_end)
{
    char data[16384];

    ssize_t got = read(fd, data, sizeof data);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return 0;
    }
    if (got < 0) {
        return fail_to(sender, "read what is to be sent", errno);
    }
    *at_end = got == 0;
    return gather_sender_send(sender, data, (size_t)got);
}

int
gather_sender_copy(struct gather_sender *sender, int fd)
{
    bool at_end = false;

    int error = gather_sender_connect(sender);
    while (!error && !at_end) {
        struct pollfd awaited[] = {
            {.fd = fd, .events = POLLIN},
            {.fd = sender->fd, .events = POLLRDHUP},
        };
        (void)!poll(awaited, 2, -1);
        if (awaited[1].revents) {
            error = gather_sender_look(sender);
        }
        if (!error && awaited[0].revents) {
            error = copy_some(sender, fd, &at_end);
        }
    }
    return error;
}

/* Nothing more can be sent, and what was answered stays true. */
static int
end(struct gather_sender *sender, int error)
{
    disconnect(sender);
    if (!error) {
        complaint_set(&sender->complaint, "the result has been sent already");
        sender->error = EALREADY;
    }
    return error;
}

int
gather_sender_finish(struct gather_sender *sender)
{
    char line[] = "q\n";

    int error = gather_sender_connect(sender);
    if (!error) {
        error = request(sender, line, NULL, 0);
    }
    if (!error) {
        error = take_answers(sender, 0, 0);
    }
    return end(sender, error);
}

int
gather_sender_fail(struct gather_sender *sender, uint64_t number)
{
    assert(number > 0);
    if (sender->error) {
        return sender->error;
    }
    int error = 0;
    if (sender->fd < 0) {
        error = connect_and_begin(sender, number);
    } else {
        error = begin(sender, number);
        if (!error) {
            error = take_answers(sender, 0, 0);
        }
    }
    return end(sender, error);
}
