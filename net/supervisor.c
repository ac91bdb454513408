#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

#define MESSAGE_MAX 768
#define READY_TIMEOUT_S 5

/* Errors: EINVAL  neither a path nor an abstract name, or too long */
static int
read_address(const char *name, struct sockaddr_un *address, socklen_t *bytes)
{
    const size_t length = strlen(name);
    const bool is_abstract = name[0] == '@';

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!is_abstract && name[0] != '/') {
        return EINVAL;
    }
    if (length < 2 || length >= sizeof address->sun_path) {
        return EINVAL;
    }
    memcpy(address->sun_path, name, length);
    if (is_abstract) {
        address->sun_path[0] = '\0';
    }
    /* The length of an abstract name counts, the end of a path does not. */
    *bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length +
                         (is_abstract ? 0 : 1));
    return 0;
}

static int
connect_to(const struct sockaddr_un *address, socklen_t bytes, int *notify)
{
    const struct timeval patience = {.tv_sec = READY_TIMEOUT_S};

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int failed =
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!failed) {
        failed = connect(fd, (const void *)address, bytes);
    }
    if (failed) {
        int error = errno;
        (void)close(fd);
        return error;
    }
    *notify = fd;
    return 0;
}

int
supervisor_connect(struct supervisor *supervisor, struct complaint *complaint)
{
    struct sockaddr_un address;
    socklen_t bytes;
    const char *name = getenv("NOTIFY_SOCKET");

    *supervisor = (struct supervisor){.notify = -1};
    if (!name) {
        return 0;
    }
    int error = read_address(name, &address, &bytes);
    if (error) {
        complaint_set(complaint,
                      "NOTIFY_SOCKET '%s' is no path of a socket, nor '@' and "
                      "an abstract name: the supervisor is told nothing",
                      name);
    } else {
        error = connect_to(&address, bytes, &supervisor->notify);
        if (error) {
            complaint_set(complaint,
                          "NOTIFY_SOCKET '%s' cannot be reached (%s): the "
                          "supervisor is told nothing",
                          name, strerror(error));
        }
    }
    (void)unsetenv("NOTIFY_SOCKET");
    return error;
}

void
supervisor_close(struct supervisor *supervisor)
{
    if (supervisor->notify >= 0) {
        (void)close(supervisor->notify);
    }
    supervisor->notify = -1;
}

bool
supervisor_is_there(const struct supervisor *supervisor)
{
    return supervisor && supervisor->notify >= 0;
}

/* What is not heard is the supervisor's loss: it has time limits of its own. */
static void
tell(const struct supervisor *supervisor, const char *message, int flags)
{
    if (supervisor_is_there(supervisor)) {
        (void)!send(supervisor->notify, message, strlen(message),
                    flags | MSG_NOSIGNAL);
    }
}

static void
tell_with_status(const struct supervisor *supervisor, const char *assignment,
                 const char *status, int flags)
{
    char message[MESSAGE_MAX];

    (void)snprintf(message, sizeof message, "%s\nSTATUS=%s", assignment,
                   status);
    tell(supervisor, message, flags);
}

void
supervisor_ready(const struct supervisor *supervisor, const char *status)
{
    tell_with_status(supervisor, "READY=1", status, 0);
}

/* The time tells the supervisor which of its requests this answers. */
void
supervisor_reloading(const struct supervisor *supervisor)
{
    char message[MESSAGE_MAX];

    (void)snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%llu",
                   (unsigned long long)(clock_now_ns(NULL) / 1000));
    tell(supervisor, message, MSG_DONTWAIT);
}

void
supervisor_reloaded(const struct supervisor *supervisor)
{
    tell(supervisor, "READY=1", MSG_DONTWAIT);
}

void
supervisor_stopping(const struct supervisor *supervisor, const char *status)
{
    tell_with_status(supervisor, "STOPPING=1", status, MSG_DONTWAIT);
}

/* Decimal digits alone; false: another text, or beyond the maximum. */
static bool
is_number(const char *text, uint64_t max, uint64_t *number)
{
    char *end = NULL;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    unsigned long long found = strtoull(text, &end, 10);
    if (errno || *end != '\0' || found > max) {
        return false;
    }
    *number = found;
    return true;
}

/* How many sockets were passed to this process, in digits; NULL: none were. */
static const char *
passed_sockets(void)
{
    const char *process = getenv("LISTEN_PID");
    uint64_t number;

    if (!process || !is_number(process, INT32_MAX, &number) ||
        number != (uint64_t)getpid()) {
        return NULL;
    }
    return getenv("LISTEN_FDS");
}

bool
supervisor_passes_sockets(void)
{
    return passed_sockets() != NULL;
}

/* The name of descriptor number `which` in a list such as "web:admin". */
static void
describe(const char *names, size_t which, struct complaint *text)
{
    for (size_t i = 0; i < which && names; i++) {
        names = strchr(names, ':');
        names = names ? names + 1 : NULL;
    }
    if (names && names[0] != '\0' && names[0] != ':') {
        complaint_set(text, "descriptor %zu ('%.*s')",
                      which + SUPERVISOR_FIRST_SOCKET, (int)strcspn(names, ":"),
                      names);
    } else {
        complaint_set(text, "descriptor %zu", which + SUPERVISOR_FIRST_SOCKET);
    }
}

static bool
has_option(int fd, int option, int wanted)
{
    int value = 0;
    socklen_t bytes = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 &&
           value == wanted;
}

/* Errors: ENOTSOCK */
static int
take_socket(const char *names, size_t which, struct complaint *complaint)
{
    const int fd = SUPERVISOR_FIRST_SOCKET + (int)which;
    struct complaint described;

    if (has_option(fd, SO_TYPE, SOCK_STREAM) &&
        has_option(fd, SO_ACCEPTCONN, 1) &&
        fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) {
        return 0;
    }
    describe(names, which, &described);
    complaint_set(complaint,
                  "%s, passed by LISTEN_FDS, is no listening stream socket; "
                  "ListenStream= with Accept=no passes such",
                  described.text);
    return ENOTSOCK;
}

static int
take_all(const char *passed, int sockets[static SUPERVISOR_SOCKETS_MAX],
         size_t *count, struct complaint *complaint)
{
    const char *names = getenv("LISTEN_FDNAMES");
    uint64_t number;

    if (!is_number(passed, SUPERVISOR_SOCKETS_MAX, &number)) {
        complaint_set(complaint, "LISTEN_FDS '%s' is not one of 0 to %d",
                      passed, SUPERVISOR_SOCKETS_MAX);
        return EINVAL;
    }
    for (size_t i = 0; i < number; i++) {
        int error = take_socket(names, i, complaint);
        if (error) {
            return error;
        }
        sockets[i] = SUPERVISOR_FIRST_SOCKET + (int)i;
    }
    *count = (size_t)number;
    return 0;
}

int
supervisor_take_sockets(int sockets[static SUPERVISOR_SOCKETS_MAX],
                        size_t *count, struct complaint *complaint)
{
    const char *passed = passed_sockets();

    *count = 0;
    int error = passed ? take_all(passed, sockets, count, complaint) : 0;
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDNAMES");
    return error;
}
