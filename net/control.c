#include "control.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "runtime.h"
#include "unix_note.h"

#define MESSAGE_MAX 64
#define EVENTS_MAX (CONTROL_PEERS_MAX + 1)
#define INTERRUPTIONS_MAX 100
#define LISTENER_EVENT UINT32_MAX

/* More than can wait, so that none is left when the next arrival wakes us. */
#define ACCEPTS_PER_EVENT (2 * CONTROL_PEERS_MAX)

static const char request_stop[] = "stop";
static const char answer_stopping[] = "stopping";

/*
 * The directory is named by its descriptor: a socket's address is too short
 * for any path, and a path can be led elsewhere.
 */
static struct sockaddr_un
address_of(int directory, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path,
                   "/proc/self/fd/%d/%s", directory, name);
    return address;
}

static int
make_socket(int *fd)
{
    *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *fd < 0 ? errno : 0;
}

/* Errors: ECONNREFUSED  a socket that nobody listens on; ENOENT  none */
static int
connect_to(int directory, const char *name, int *fd)
{
    struct sockaddr_un address = address_of(directory, name);

    int error = make_socket(fd);
    if (error) {
        return error;
    }
    if (connect(*fd, (struct sockaddr *)&address, sizeof address) < 0) {
        error = errno;
        (void)close(*fd);
    }
    return error;
}

static int
process_of(int fd, uid_t *user, pid_t *process)
{
    struct ucred peer;
    socklen_t bytes = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0) {
        return errno;
    }
    *user = peer.uid;
    *process = peer.pid;
    return 0;
}

/*
 * Through a descriptor of its own, so that closing it lets go whatever else
 * fails.  Without one nobody is kept out: -1.
 */
static int
lock_directory(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 ? 0 : flock(fd, LOCK_EX);

    for (int i = 0; failed && errno == EINTR && i < INTERRUPTIONS_MAX; i++) {
        failed = flock(fd, LOCK_EX);
    }
    return fd;
}

static void
unlock_directory(int lock)
{
    if (lock >= 0) {
        (void)close(lock);
    }
}

/* What is there was left by a server that was killed. */
static int
bind_locked(struct control *control)
{
    struct sockaddr_un address = address_of(control->directory, control->name);

    (void)unix_note_clear(control->directory, control->port, geteuid());
    if (unlinkat(control->directory, control->name, 0) < 0 && errno != ENOENT) {
        return errno;
    }
    if (bind(control->listener, (struct sockaddr *)&address, sizeof address) <
        0) {
        return errno;
    }
    if (listen(control->listener, CONTROL_PEERS_MAX) < 0) {
        int error = errno;
        (void)unlinkat(control->directory, control->name, 0);
        return error;
    }
    return 0;
}

static int
watch(struct control *control, int fd, uint32_t events, uint32_t event_of)
{
    struct epoll_event event = {.events = events, .data.u32 = event_of};

    return epoll_ctl(control->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? errno : 0;
}

/* A copy of a descriptor that is there anyway: only the number counts. */
static void
keep_spare(struct control *control)
{
    if (control->spare_fd < 0) {
        control->spare_fd = fcntl(control->listener, F_DUPFD_CLOEXEC, 0);
    }
}

static void
give_spare_up(struct control *control)
{
    if (control->spare_fd >= 0) {
        (void)close(control->spare_fd);
    }
    control->spare_fd = -1;
}

/*
 * The directory is open; on failure the caller closes it.  Only an arrival
 * wakes the server, not a peer that cannot be let in: it would never rest.
 */
static int
open_in_directory(struct control *control)
{
    int error = make_socket(&control->listener);
    if (error) {
        return error;
    }
    control->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (control->epoll < 0) {
        error = errno;
        goto close_listener;
    }
    error =
        watch(control, control->listener, EPOLLIN | EPOLLET, LISTENER_EVENT);
    if (error) {
        goto close_epoll;
    }
    int lock = lock_directory(control->directory);
    error = bind_locked(control);
    unlock_directory(lock);
    if (error) {
        goto close_epoll;
    }
    keep_spare(control);
    return 0;

close_epoll:
    (void)close(control->epoll);
close_listener:
    (void)close(control->listener);
    return error;
}

static int
open_directory(struct control *control, struct complaint *complaint)
{
    int error = ENOENT;
    struct complaint why = {"there is neither $XDG_RUNTIME_DIR nor /tmp"};

    for (unsigned i = 0; i < RUNTIME_CANDIDATES; i++) {
        error = runtime_open(i, geteuid(), true, &control->directory, &why);
        if (!error) {
            return 0;
        }
    }
    complaint_set(complaint, "no directory for the control socket: %s",
                  why.text);
    return error;
}

int
control_open(struct control *control, uint16_t port,
             struct complaint *complaint)
{
    *control = (struct control){.directory = -1, .spare_fd = -1, .port = port};
    for (int i = 0; i < CONTROL_PEERS_MAX; i++) {
        control->peers[i] = -1;
    }
    naming_socket(port, control->name);
    int error = open_directory(control, complaint);
    if (error) {
        return error;
    }
    error = open_in_directory(control);
    if (error) {
        (void)close(control->directory);
        complaint_set(complaint, "no control socket for port %u: %s",
                      (unsigned)port, strerror(error));
    }
    return error;
}

static void
drop_peer(struct control *control, unsigned i)
{
    if (control->peers[i] >= 0) {
        (void)close(control->peers[i]);
    }
    control->peers[i] = -1;
}

int
control_note_socket(struct control *control,
                    const struct unix_socket_file *file)
{
    return unix_note_write(control->directory, control->port, file);
}

void
control_close(struct control *control)
{
    unix_note_remove(control->directory, control->port);
    (void)unlinkat(control->directory, control->name, 0);
    for (unsigned i = 0; i < CONTROL_PEERS_MAX; i++) {
        drop_peer(control, i);
    }
    give_spare_up(control);
    (void)close(control->epoll);
    (void)close(control->listener);
    (void)close(control->directory);
}

static bool
may_ask(int fd)
{
    uid_t user = (uid_t)-1;
    pid_t process = 0;

    return !process_of(fd, &user, &process) && (user == geteuid() || user == 0);
}

/* A call that was interrupted would leave unheard whoever waits. */
static int
accept_one(const struct control *control)
{
    int fd = -1;

    errno = EINTR;
    for (int i = 0; i < INTERRUPTIONS_MAX && fd < 0 && errno == EINTR; i++) {
        fd = accept4(control->listener, NULL, NULL,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);
    }
    return fd;
}

/* Whoever is dropped unheard sends a signal instead (net/removal.c). */
static int
accept_in_need(struct control *control)
{
    bool had_spare = control->spare_fd >= 0;

    give_spare_up(control);
    for (unsigned i = 0; !had_spare && i < CONTROL_PEERS_MAX; i++) {
        drop_peer(control, i);
    }
    return accept_one(control);
}

/*
 * One who says nothing loses its place to the newcomers in the end.
 * Errors: EAGAIN  nobody waits, or nobody can be let in
 */
static int
accept_peer(struct control *control)
{
    int fd = accept_one(control);
    if (fd < 0 && errno != EAGAIN) {
        fd = accept_in_need(control);
    }
    if (fd < 0) {
        return EAGAIN;
    }
    unsigned i = control->next_peer;
    if (!may_ask(fd) || watch(control, fd, EPOLLIN, i)) {
        (void)close(fd);
        return 0;
    }
    drop_peer(control, i);
    control->peers[i] = fd;
    control->next_peer = (i + 1) % CONTROL_PEERS_MAX;
    return 0;
}

static void
accept_peers(struct control *control)
{
    int error = 0;

    for (int i = 0; i < ACCEPTS_PER_EVENT && !error; i++) {
        error = accept_peer(control);
    }
}

static bool
is_message(const char *message, ssize_t length, const char *expected)
{
    return length == (ssize_t)strlen(expected) &&
           !memcmp(message, expected, strlen(expected));
}

/* One request each: the peer is done whatever it said. */
static bool
serve_peer(struct control *control, unsigned i)
{
    char message[MESSAGE_MAX];

    ssize_t got =
        recv(control->peers[i], message, sizeof message, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    bool asked = is_message(message, got, request_stop);
    if (asked) {
        (void)!send(control->peers[i], answer_stopping, strlen(answer_stopping),
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    drop_peer(control, i);
    return asked;
}

bool
control_dispatch(struct control *control)
{
    struct epoll_event events[EVENTS_MAX];
    bool asked = false;

    int count = epoll_wait(control->epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u32 == LISTENER_EVENT) {
            accept_peers(control);
        } else if (control->peers[events[i].data.u32] >= 0) {
            asked |= serve_peer(control, events[i].data.u32);
        }
    }
    keep_spare(control);
    return asked;
}

static int
await_answer(int fd, uint64_t deadline_ns)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char message[MESSAGE_MAX];

    int ready =
        poll(&readable, 1, clock_remaining_ms(clock_now_ns(NULL), deadline_ns));
    if (ready <= 0) {
        return ETIMEDOUT;
    }
    ssize_t got = recv(fd, message, sizeof message, MSG_DONTWAIT);
    return is_message(message, got, answer_stopping) ? 0 : EPERM;
}

static int
ask(int fd, pid_t server, uint64_t deadline_ns)
{
    uid_t user = (uid_t)-1;
    pid_t process = 0;

    int error = process_of(fd, &user, &process);
    if (error) {
        return error;
    }
    if (process != server) {
        return EPERM;
    }
    if (send(fd, request_stop, strlen(request_stop), MSG_NOSIGNAL) < 0) {
        return errno == EAGAIN ? ETIMEDOUT : ENOENT;
    }
    return await_answer(fd, deadline_ns);
}

/* A stopped server whose queue is full refuses with EAGAIN: no answer. */
static int
ask_in(unsigned which, uid_t user, const char *name, pid_t server,
       uint64_t deadline_ns)
{
    struct complaint ignored;
    int directory;
    int fd;

    int error = runtime_open(which, user, false, &directory, &ignored);
    if (error) {
        return ENOENT;
    }
    error = connect_to(directory, name, &fd);
    (void)close(directory);
    if (error) {
        return error == EAGAIN ? ETIMEDOUT : ENOENT;
    }
    error = ask(fd, server, deadline_ns);
    (void)close(fd);
    return error;
}

int
control_ask_stop(uid_t user, uint16_t port, pid_t server, uint64_t deadline_ns)
{
    char name[NAMING_MAX];
    int error = ENOENT;

    naming_socket(port, name);
    for (unsigned i = 0; i < RUNTIME_CANDIDATES && error == ENOENT; i++) {
        error = ask_in(i, user, name, server, deadline_ns);
    }
    return error;
}

static int
owner_in(unsigned which, uid_t user, const char *name, pid_t *owner)
{
    struct complaint ignored;
    int directory;
    int fd;
    uid_t found = (uid_t)-1;

    if (runtime_open(which, user, false, &directory, &ignored)) {
        return ENOENT;
    }
    int error = connect_to(directory, name, &fd);
    (void)close(directory);
    if (error) {
        return ENOENT;
    }
    error = process_of(fd, &found, owner);
    (void)close(fd);
    return error || found != user || *owner <= 0 ? ENOENT : 0;
}

int
control_owner(uid_t user, uint16_t port, pid_t *owner)
{
    char name[NAMING_MAX];
    int error = ENOENT;

    naming_socket(port, name);
    for (unsigned i = 0; i < RUNTIME_CANDIDATES && error == ENOENT; i++) {
        error = owner_in(i, user, name, owner);
    }
    return error;
}

static unsigned
clear_locked(int directory, const char *name, uid_t user, uint16_t port)
{
    int fd;
    unsigned cleared = 0;

    int error = connect_to(directory, name, &fd);
    if (!error) {
        (void)close(fd);
    }
    if (error == ECONNREFUSED || error == ENOENT) {
        cleared += unix_note_clear(directory, port, user);
    }
    return cleared +
           (error == ECONNREFUSED && unlinkat(directory, name, 0) == 0);
}

unsigned
control_clear(uid_t user, uint16_t port)
{
    char name[NAMING_MAX];
    unsigned cleared = 0;

    naming_socket(port, name);
    for (unsigned i = 0; i < RUNTIME_CANDIDATES; i++) {
        struct complaint ignored;
        int directory;
        if (runtime_open(i, user, false, &directory, &ignored)) {
            continue;
        }
        /* Whoever has the lock sees to the socket. */
        if (flock(directory, LOCK_EX | LOCK_NB) == 0) {
            cleared += clear_locked(directory, name, user, port);
        }
        (void)close(directory);
    }
    return cleared;
}
