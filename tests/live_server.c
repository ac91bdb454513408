#include "live_server.h"

#include <assert.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "mailbox.h"

void
live_server_init(struct live_server *live)
{
    *live = (struct live_server){
        .config =
            {
                .signals = -1,
                .clients_max = 16,
                .packet_bytes = LIVE_PACKET_BYTES,
                .gap_ns = 50 * CLOCK_NS_PER_MS,
                .request_timeout_ns = 30 * CLOCK_NS_PER_S,
                .idle_timeout_ns = CLOCK_NEVER,
                .wait_max_ns = 60 * CLOCK_NS_PER_S,
                .mailboxes = LIVE_MAILBOXES,
                .mailbox_bytes = LIVE_MAILBOX_BYTES,
                .instance = 1,
            },
    };
}

static void *
run(void *argument)
{
    struct live_server *live = argument;

    live->result = server_run(live->server);
    return NULL;
}

static void
make_segment(struct live_server *live)
{
    const struct segment_geometry geometry = {
        .mailboxes_count = LIVE_MAILBOXES,
        .seats_count = live->config.clients_max,
        .mailbox_bytes = LIVE_MAILBOX_BYTES,
    };
    uint64_t bytes = 0;

    assert_int_equal(segment_measure(&geometry, &bytes), 0);
    bytes = (bytes + 63) / 64 * 64;
    live->memory = aligned_alloc(64, bytes);
    assert_non_null(live->memory);
    memset(live->memory, 0, bytes);
    const struct segment_options options = {.instance = 1, .checked = true};
    assert_int_equal(
        segment_init(&live->segment, live->memory, &geometry, &options), 0);
    segment_store_init(&live->source, &live->segment,
                       LIVE_PATIENCE_S * CLOCK_NS_PER_S, NULL);
}

void
live_server_start(struct live_server *live)
{
    struct complaint complaint = {""};

    assert_int_equal(
        listener_open(&live->listener, NULL, 0, LISTENER_ANY_PORT, &complaint),
        0);
    make_segment(live);
    live->config.listener = &live->listener;
    if (!live->config.source) {
        live->config.source = &live->source.source;
    }
    assert_int_equal(server_create(&live->config, &live->server), 0);
    assert_int_equal(pthread_create(&live->thread, NULL, run, live), 0);
}

int
live_server_end(struct live_server *live)
{
    server_stop(live->server);
    assert_int_equal(pthread_join(live->thread, NULL), 0);
    assert_int_equal(server_clients(live->server), 0);
    server_destroy(live->server);
    segment_check(&live->segment);
    segment_fini(&live->segment);
    free(live->memory);
    return live->result;
}

static void
be_patient(int fd)
{
    const struct timeval patience = {.tv_sec = LIVE_PATIENCE_S};

    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
}

int
live_server_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    be_patient(fd);
    return fd;
}

void
live_server_connect_socket(const struct live_server *live, int fd)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(live->listener.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    assert_int_equal(connect(fd, (const void *)&address, sizeof address), 0);
}

int
live_server_connect(const struct live_server *live)
{
    int fd = live_server_socket();

    live_server_connect_socket(live, fd);
    return fd;
}

void
live_server_say(int fd, const char *text)
{
    size_t length = strlen(text);

    assert_int_equal(send(fd, text, length, MSG_NOSIGNAL), length);
}

void
live_server_expect(int fd, const char *text)
{
    size_t length = strlen(text);
    char *received = calloc(1, length + 1);

    assert_non_null(received);
    ssize_t got = recv(fd, received, length, MSG_WAITALL);
    if (got < 0) {
        received[0] = '\0';
    }
    assert_string_equal(received, text);
    free(received);
}

size_t
live_server_drain(int fd)
{
    static char dropped[1 << 16];
    size_t count = 0;
    ssize_t got;

    while ((got = recv(fd, dropped, sizeof dropped, 0)) > 0) {
        count += (size_t)got;
    }
    assert_int_equal(got, 0);
    return count;
}

static void
fail_when_late(uint64_t deadline_ns)
{
    assert_true(clock_now_ns(NULL) < deadline_ns);
    (void)sched_yield();
}

static uint64_t
patience(void)
{
    return clock_now_ns(NULL) + LIVE_PATIENCE_S * CLOCK_NS_PER_S;
}

void
live_server_await_clients(const struct live_server *live, uint64_t count)
{
    const uint64_t deadline_ns = patience();

    while (server_clients(live->server) != count) {
        fail_when_late(deadline_ns);
    }
}

void
live_server_await_watchers(const struct live_server *live, uint32_t mailbox,
                           uint32_t count)
{
    const uint64_t deadline_ns = patience();
    const struct watch *watch =
        &segment_mailbox(&live->segment, mailbox)->watch;

    while (atomic_load(&watch->count) != count) {
        fail_when_late(deadline_ns);
    }
}
