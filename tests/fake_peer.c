#include "fake_peer.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "cmocka_all.h"

#define PATIENCE_S 30

static bool
receive_expected(struct fake_peer *peer, int fd, const char *expected)
{
    const size_t length = strlen(expected);

    memset(peer->received, 0, sizeof peer->received);
    if (length >= sizeof peer->received) {
        return false;
    }
    ssize_t got = recv(fd, peer->received, length, MSG_WAITALL);
    return got == (ssize_t)length && !memcmp(peer->received, expected, length);
}

/* The client has taken all that was sent, or is gone. */
static void
await_taken(int fd)
{
    const uint64_t deadline_ns =
        clock_now_ns(NULL) + PATIENCE_S * CLOCK_NS_PER_S;
    int unread = 1;

    while (unread > 0 && clock_now_ns(NULL) < deadline_ns) {
        if (ioctl(fd, SIOCOUTQ, &unread) < 0) {
            return;
        }
        (void)sched_yield();
    }
}

static void
send_answer(int fd, const struct peer_step *step)
{
    const size_t length =
        step->answers_bytes > 0 ? step->answers_bytes : strlen(step->answers);
    const size_t most = step->piece_bytes > 0 ? step->piece_bytes : length;

    for (size_t sent = 0; sent < length;) {
        size_t piece = length - sent < most ? length - sent : most;
        if (send(fd, step->answers + sent, piece, MSG_NOSIGNAL) < 0) {
            return;
        }
        sent += piece;
        if (step->piece_bytes > 0) {
            await_taken(fd);
        }
    }
}

static void
await_end(int fd)
{
    char dropped[4096];

    while (recv(fd, dropped, sizeof dropped, 0) > 0) {
    }
}

/* Does it end here? */
static bool
play(struct fake_peer *peer, int fd, const struct peer_step *step)
{
    if (step->expects && !receive_expected(peer, fd, step->expects)) {
        peer->differed = true;
        return true;
    }
    if (step->answers) {
        send_answer(fd, step);
    }
    if (step->end == PEER_STAYS_SILENT) {
        await_end(fd);
    } else if (step->end == PEER_READS_NOTHING) {
        struct pollfd hung_up = {.fd = fd};
        (void)!poll(&hung_up, 1, PATIENCE_S * 1000);
    }
    return step->end != PEER_GOES_ON;
}

static void *
run(void *argument)
{
    struct fake_peer *peer = argument;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    bool is_over = false;

    int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        peer->differed = true;
        return NULL;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (size_t i = 0; i < peer->steps_count && !is_over; i++) {
        is_over = play(peer, fd, &peer->steps[i]);
    }
    (void)close(fd);
    return NULL;
}

void
fake_peer_start(struct fake_peer *peer, const struct peer_step *steps,
                size_t steps_count)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *peer = (struct fake_peer){.steps = steps, .steps_count = steps_count};
    (void)snprintf(peer->directory, sizeof peer->directory,
                   "/tmp/dipc-test-peer-XXXXXX");
    assert_non_null(mkdtemp(peer->directory));
    (void)snprintf(peer->path, sizeof peer->path, "%s/s", peer->directory);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", peer->path);
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(
        bind(peer->listener, (const void *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
}

void
fake_peer_end(struct fake_peer *peer)
{
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    (void)close(peer->listener);
    assert_int_equal(unlink(peer->path), 0);
    assert_int_equal(rmdir(peer->directory), 0);
    if (peer->differed) {
        fail_msg("the client sent '%s'", peer->received);
    }
}
