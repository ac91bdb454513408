#include "removal.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "mapping.h"
#include "naming.h"

#define TRIES 4

/* One removal under way. */
struct removal {
    const struct removal_request *request;
    char segment[NAMING_MAX];
    uint64_t deadline_ns;
    uint64_t ask_deadline_ns; /* with force, time is left to kill */
    bool has_seen;            /* a server that has the name */
    struct complaint *complaint;
};

/* A process descriptor is readable once the process is gone. */
static int
await_end(int process, uint64_t deadline_ns)
{
    struct pollfd ended = {.fd = process, .events = POLLIN};
    int ready;

    do {
        ready = poll(&ended, 1,
                     clock_remaining_ms(clock_now_ns(NULL), deadline_ns));
    } while (ready < 0 && errno == EINTR);
    return ready > 0 ? 0 : ETIMEDOUT;
}

static int
send_signal(const struct removal *removal, int process, pid_t owner, int signal)
{
    if (pidfd_send_signal(process, signal, NULL, 0) == 0 || errno == ESRCH) {
        return 0;
    }
    int error = errno;
    complaint_set(removal->complaint, "process %d may not be ended: %s",
                  (int)owner, strerror(error));
    return error;
}

/* A channel that answers is enough; where there is none, a signal does it. */
static int
ask(const struct removal *removal, int process, pid_t owner)
{
    int error = control_ask_stop(removal->request->user, removal->request->port,
                                 owner, removal->ask_deadline_ns);

    if (!error || error == ETIMEDOUT) {
        return 0;
    }
    return send_signal(removal, process, owner, SIGTERM);
}

static int
kill_it(const struct removal *removal, int process, pid_t owner)
{
    int error = send_signal(removal, process, owner, SIGKILL);

    if (!error) {
        error = await_end(process, removal->deadline_ns);
    }
    if (error == ETIMEDOUT) {
        complaint_set(removal->complaint,
                      "port %u: process %d was killed and is not gone yet",
                      (unsigned)removal->request->port, (int)owner);
    }
    return error;
}

static int
end_process(const struct removal *removal, int process, pid_t owner,
            enum removal_outcome *outcome)
{
    int error = ask(removal, process, owner);
    if (error) {
        return error;
    }
    *outcome = REMOVAL_ENDED;
    error = await_end(process, removal->ask_deadline_ns);
    if (!error) {
        return 0;
    }
    if (removal->request->force) {
        *outcome = REMOVAL_KILLED;
        return kill_it(removal, process, owner);
    }
    complaint_set(removal->complaint,
                  "port %u: the server (process %d) does not answer; "
                  "'dipcrm --force %u' kills it",
                  (unsigned)removal->request->port, (int)owner,
                  (unsigned)removal->request->port);
    return ETIMEDOUT;
}

/* Errors: EBUSY  a living server has the name (now) */
static int
clear(const struct removal *removal)
{
    (void)control_clear(removal->request->user, removal->request->port);
    int error = mapping_clear(removal->segment);
    return error == ENOENT ? 0 : error;
}

/*
 * Who has the mailboxes?  Their name may have been removed under a living
 * server, as systems do that clear a user's shared memory at the logout: then
 * whoever listens on the control channel is the one.
 */
static int
find_owner(const struct removal *removal, pid_t *owner)
{
    int error = mapping_owner(removal->segment, owner);

    if (error != ENOENT) {
        return error;
    }
    return control_owner(removal->request->user, removal->request->port, owner);
}

/*
 * The number may have passed on to another process between the question and
 * the opening: only an owner that is still the owner is the one that was meant.
 * Errors: EAGAIN  it is gone, look again
 */
static int
open_owner(const struct removal *removal, pid_t owner, int *process)
{
    pid_t still = 0;

    *process = pidfd_open(owner, 0);
    if (*process < 0) {
        return errno == ESRCH ? EAGAIN : errno;
    }
    int error = find_owner(removal, &still);
    if (error || still != owner) {
        (void)close(*process);
        return EAGAIN;
    }
    return 0;
}

static int
end_owner(const struct removal *removal, pid_t owner,
          enum removal_outcome *outcome)
{
    int process;

    int error = open_owner(removal, owner, &process);
    if (error == EAGAIN) {
        return EAGAIN;
    }
    if (error) {
        complaint_set(removal->complaint, "process %d cannot be watched: %s",
                      (int)owner, strerror(error));
        return error;
    }
    error = end_process(removal, process, owner, outcome);
    (void)close(process);
    if (error) {
        return error;
    }
    /* A server that has started since then has the name rightly. */
    error = clear(removal);
    return error == EBUSY ? 0 : error;
}

/* Errors: EAGAIN  a server has just started; look again */
static int
clear_dead(const struct removal *removal, enum removal_outcome *outcome)
{
    int error = clear(removal);

    if (error == EBUSY) {
        complaint_set(removal->complaint,
                      "port %u: a process that cannot be seen from here has "
                      "the mailboxes",
                      (unsigned)removal->request->port);
        return EAGAIN;
    }
    if (error) {
        complaint_set(removal->complaint, "%s%s cannot be removed: %s",
                      NAMING_SHARED_MEMORY, removal->segment, strerror(error));
    }
    *outcome = REMOVAL_CLEARED;
    return error;
}

static int
clear_socket_only(const struct removal *removal, enum removal_outcome *outcome)
{
    char user[REMOVAL_USER_MAX];

    *outcome = REMOVAL_CLEARED;
    if (control_clear(removal->request->user, removal->request->port) > 0) {
        return 0;
    }
    if (removal->has_seen) { /* it has ended meanwhile, as was wanted */
        *outcome = REMOVAL_ENDED;
        return 0;
    }
    removal_describe_user(removal->request->user, user);
    complaint_set(removal->complaint, "port %u: no server of %s has it",
                  (unsigned)removal->request->port, user);
    return ENOENT;
}

static int
try_once(struct removal *removal, enum removal_outcome *outcome)
{
    pid_t owner = 0;

    int error = find_owner(removal, &owner);
    if (error == ENOENT) {
        return clear_socket_only(removal, outcome);
    }
    if (error) {
        complaint_set(removal->complaint, "%s%s cannot be opened: %s",
                      NAMING_SHARED_MEMORY, removal->segment, strerror(error));
        return error;
    }
    removal->has_seen |= owner > 0;
    return owner > 0 ? end_owner(removal, owner, outcome)
                     : clear_dead(removal, outcome);
}

int
removal_run(const struct removal_request *request,
            enum removal_outcome *outcome, struct complaint *complaint)
{
    const uint64_t now_ns = clock_now_ns(NULL);
    struct removal removal = {
        .request = request,
        .deadline_ns = clock_add_ns(now_ns, request->time_ns),
        .ask_deadline_ns = clock_add_ns(
            now_ns, request->force ? request->time_ns / 2 : request->time_ns),
        .complaint = complaint,
    };
    int error = EAGAIN;

    naming_segment(request->user, request->port, removal.segment);
    complaint_set(complaint, "port %u: servers come and go; try again",
                  (unsigned)request->port);
    for (int i = 0; i < TRIES && error == EAGAIN; i++) {
        error = try_once(&removal, outcome);
    }
    return error;
}

/* Those who have a segment for the port, as far as there is room for them. */
static size_t
find_users(uint16_t port, uid_t *users, size_t users_max)
{
    size_t count = 0;
    DIR *directory = opendir(NAMING_SHARED_MEMORY);

    if (!directory) {
        return 0;
    }
    for (struct dirent *entry = readdir(directory); entry && count < users_max;
         entry = readdir(directory)) {
        uint16_t found = 0;
        if (naming_is_segment(entry->d_name, &users[count], &found) &&
            found == port) {
            count++;
        }
    }
    (void)closedir(directory);
    return count;
}

static void
complain_of_several(uint16_t port, const uid_t *users, size_t count,
                    struct complaint *complaint)
{
    char names[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < count && used < sizeof names; i++) {
        char name[REMOVAL_USER_MAX];
        removal_describe_user(users[i], name);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                 i == 0 ? "" : ", ", name);
    }
    complaint_set(complaint,
                  "port %u: several users have a server there (%s); "
                  "'--user NAME' says whose is meant",
                  (unsigned)port, names);
}

int
removal_find_user(uint16_t port, uid_t preferred, uid_t *user,
                  struct complaint *complaint)
{
    uid_t users[16];
    size_t count = find_users(port, users, sizeof users / sizeof users[0]);

    *user = count == 1 ? users[0] : REMOVAL_NO_USER;
    for (size_t i = 0; i < count; i++) {
        if (users[i] == preferred) {
            *user = preferred;
        }
    }
    if (count < 2 || *user == preferred) {
        return 0;
    }
    complain_of_several(port, users, count, complaint);
    return ENOTUNIQ;
}

void
removal_describe_user(uid_t user, char text[static REMOVAL_USER_MAX])
{
    struct passwd entry;
    struct passwd *found = NULL;
    char room[1024];

    if (getpwuid_r(user, &entry, room, sizeof room, &found) || !found) {
        (void)snprintf(text, REMOVAL_USER_MAX, "user %lu", (unsigned long)user);
        return;
    }
    (void)snprintf(text, REMOVAL_USER_MAX, "%s", entry.pw_name);
}
