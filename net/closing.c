#include "closing.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol.h"

/* What one step drops at most, so that a flood holds nobody else up. */
#define READS_PER_STEP 16
#define READ_BYTES 16384
#define EVENTS_MAX 64

/* As many of its first bytes tell which protocol a connection speaks. */
#define ASKED_BYTES 64

static uint32_t
index_of(const struct closings *closings, const struct closing *closing)
{
    return (uint32_t)(closing - closings->entries);
}

int
closings_init(struct closings *closings)
{
    *closings = (struct closings){
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .oldest = CLOSINGS_NONE,
        .newest = CLOSINGS_NONE,
    };
    if (closings->epoll < 0) {
        return errno;
    }
    for (uint32_t i = 0; i < CLOSINGS_MAX; i++) {
        closings->entries[i].next =
            i + 1 < CLOSINGS_MAX ? i + 1 : CLOSINGS_NONE;
    }
    return 0;
}

static void
append(struct closings *closings, struct closing *closing)
{
    const uint32_t index = index_of(closings, closing);

    closing->next = CLOSINGS_NONE;
    closing->prev = closings->newest;
    if (closings->newest == CLOSINGS_NONE) {
        closings->oldest = index;
    } else {
        closings->entries[closings->newest].next = index;
    }
    closings->newest = index;
    closings->count++;
}

static void
unlink_entry(struct closings *closings, const struct closing *closing)
{
    if (closing->prev == CLOSINGS_NONE) {
        closings->oldest = closing->next;
    } else {
        closings->entries[closing->prev].next = closing->next;
    }
    if (closing->next == CLOSINGS_NONE) {
        closings->newest = closing->prev;
    } else {
        closings->entries[closing->next].prev = closing->prev;
    }
    assert(closings->count > 0);
    closings->count--;
}

static bool
would_block(ssize_t result)
{
    return result < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Errors: EAGAIN  the rest later; any other: the connection is gone */
static int
send_text(struct closing *closing)
{
    if (closing->unsent_bytes == 0) {
        return 0;
    }
    ssize_t sent = send(closing->fd, closing->unsent, closing->unsent_bytes,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        return would_block(sent) ? EAGAIN : ECONNRESET;
    }
    closing->unsent += sent;
    closing->unsent_bytes -= (size_t)sent;
    if (closing->unsent_bytes > 0) {
        return EAGAIN;
    }
    return shutdown(closing->fd, SHUT_WR) < 0 ? errno : 0;
}

static void
answer(struct closing *closing, enum protocol protocol)
{
    closing->is_asked = false;
    closing->unsent = protocol_refusal(protocol);
    closing->unsent_bytes = strlen(closing->unsent);
}

/* Errors: EAGAIN  too little has come to know its protocol */
static int
hear(struct closing *closing)
{
    char bytes[ASKED_BYTES];
    enum protocol protocol = PROTOCOL_UNKNOWN;

    if (!closing->is_asked) {
        return 0;
    }
    ssize_t got =
        recv(closing->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (would_block(got)) {
        return EAGAIN;
    }
    if (got > 0) {
        protocol = protocol_of(bytes, (size_t)got);
        if (protocol == PROTOCOL_UNKNOWN && got < ASKED_BYTES) {
            return EAGAIN;
        }
    }
    answer(closing, protocol);
    return 0;
}

/* Whoever has to go before it was heard is told all the same. */
static void
finish(struct closings *closings, struct closing *closing)
{
    if (closing->is_asked) {
        answer(closing, PROTOCOL_UNKNOWN);
        (void)!send_text(closing);
    }
    (void)close(closing->fd);
    unlink_entry(closings, closing);
    closing->next = closings->free;
    closings->free = index_of(closings, closing);
}

void
closings_fini(struct closings *closings)
{
    for (uint32_t i = 0; i < CLOSINGS_MAX && closings->count > 0; i++) {
        finish(closings, &closings->entries[closings->oldest]);
    }
    (void)close(closings->epoll);
}

/* Errors: EAGAIN  there may be more later; any other: nothing more to read */
static int
drop_input(struct closing *closing)
{
    char dropped[READ_BYTES];

    for (int i = 0; i < READS_PER_STEP; i++) {
        ssize_t got = recv(closing->fd, dropped, sizeof dropped, MSG_DONTWAIT);
        if (got <= 0) {
            return would_block(got) ? EAGAIN : ECONNRESET;
        }
        closing->dropped_bytes += (size_t)got;
        if (closing->dropped_bytes > CLOSING_BYTES_MAX) {
            return EFBIG;
        }
    }
    return EAGAIN;
}

/* True once nothing is left to do. */
static bool
step(struct closing *closing)
{
    if (hear(closing)) {
        return false;
    }
    int error = send_text(closing);
    if (error && error != EAGAIN) {
        return true;
    }
    return drop_input(closing) != EAGAIN;
}

static struct closing *
take_free(struct closings *closings)
{
    if (closings->free == CLOSINGS_NONE) {
        finish(closings, &closings->entries[closings->oldest]);
    }
    struct closing *closing = &closings->entries[closings->free];
    closings->free = closing->next;
    return closing;
}

/* While its first bytes stay unread, only more of them are news. */
static struct epoll_event
awaited_by(struct closing *closing)
{
    return (struct epoll_event){
        .events = EPOLLIN | (closing->unsent_bytes > 0 ? EPOLLOUT : 0U) |
                  (closing->is_asked ? EPOLLET : 0U),
        .data.ptr = closing,
    };
}

static void
await(struct closings *closings, struct closing *closing)
{
    struct epoll_event event = awaited_by(closing);

    if (epoll_ctl(closings->epoll, EPOLL_CTL_ADD, closing->fd, &event) < 0) {
        finish(closings, closing);
    }
}

/* Errors of epoll_ctl are left to the deadline. */
static void
await_again(struct closings *closings, struct closing *closing)
{
    struct epoll_event event = awaited_by(closing);

    (void)!epoll_ctl(closings->epoll, EPOLL_CTL_MOD, closing->fd, &event);
}

static void
begin(struct closings *closings, const struct closing *wanted, uint64_t now_ns)
{
    struct closing *closing = take_free(closings);

    *closing = *wanted;
    closing->deadline_ns = clock_add_ns(now_ns, CLOSING_TIME_NS);
    append(closings, closing);
    if (step(closing)) {
        finish(closings, closing);
        return;
    }
    await(closings, closing);
}

void
closings_add(struct closings *closings, int fd, const char *text,
             uint64_t now_ns)
{
    const struct closing wanted = {
        .fd = fd,
        .unsent = text,
        .unsent_bytes = text ? strlen(text) : 0,
    };

    if (!text && shutdown(fd, SHUT_WR) < 0) {
        (void)close(fd);
        return;
    }
    begin(closings, &wanted, now_ns);
}

void
closings_refuse(struct closings *closings, int fd, uint64_t now_ns)
{
    const struct closing wanted = {.fd = fd, .is_asked = true};

    begin(closings, &wanted, now_ns);
}

/* It is told now, and its time begins anew. */
static void
restart(struct closings *closings, struct closing *closing, uint64_t now_ns)
{
    unlink_entry(closings, closing);
    closing->deadline_ns = clock_add_ns(now_ns, CLOSING_TIME_NS);
    append(closings, closing);
}

static void
dispatch_one(struct closings *closings, struct closing *closing,
             uint64_t now_ns)
{
    bool was_sending = closing->unsent_bytes > 0;
    bool was_asked = closing->is_asked;

    if (closing->deadline_ns <= now_ns) {
        return; /* closings_expire sees to it */
    }
    if (step(closing)) {
        finish(closings, closing);
        return;
    }
    if (was_asked && !closing->is_asked) {
        restart(closings, closing, now_ns);
        await_again(closings, closing);
    } else if (was_sending != (closing->unsent_bytes > 0)) {
        await_again(closings, closing);
    }
}

void
closings_dispatch(struct closings *closings, uint64_t now_ns)
{
    struct epoll_event events[EVENTS_MAX];

    int count = epoll_wait(closings->epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        struct closing *closing = events[i].data.ptr;
        dispatch_one(closings, closing, now_ns);
    }
}

/* Its time is over: whoever was not heard is told, and has as long again. */
static void
expire(struct closings *closings, struct closing *closing, uint64_t now_ns)
{
    if (!closing->is_asked) {
        finish(closings, closing);
        return;
    }
    answer(closing, PROTOCOL_UNKNOWN);
    if (step(closing)) {
        finish(closings, closing);
        return;
    }
    restart(closings, closing, now_ns);
    await_again(closings, closing);
}

uint64_t
closings_expire(struct closings *closings, uint64_t now_ns)
{
    for (uint32_t i = 0; i < CLOSINGS_MAX && closings->count > 0; i++) {
        struct closing *next = &closings->entries[closings->oldest];
        if (next->deadline_ns > now_ns) {
            return next->deadline_ns;
        }
        expire(closings, next, now_ns);
    }
    return closings->count > 0 ? closings->entries[closings->oldest].deadline_ns
                               : CLOCK_NEVER;
}
