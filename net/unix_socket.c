#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime.h"

#define BACKLOG 1024
#define PROC_PATH_MAX 32
#define LOCK_TRIES 1000 /* interrupted by signals so often */

static struct sockaddr_un
address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static int
make_socket(int *fd)
{
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *fd < 0 ? errno : 0;
}

/* What can be named only by its descriptor, once it is open. */
static void
name_of(int fd, char path[static PROC_PATH_MAX])
{
    (void)snprintf(path, PROC_PATH_MAX, "/proc/self/fd/%d", fd);
}

/*
 * Does anybody listen on the socket that this descriptor stands for?
 * Errors: ECONNREFUSED  nobody; 0 and any other: somebody, or it cannot be told
 */
static int
probe(int found)
{
    char path[PROC_PATH_MAX];
    int fd;

    name_of(found, path);
    const struct sockaddr_un address = address_of(path);
    int error = make_socket(&fd);
    if (error) {
        return error;
    }
    if (connect(fd, (const void *)&address, sizeof address) < 0) {
        error = errno;
    }
    (void)close(fd);
    return error;
}

/* A descriptor that stands for a name, whatever it names; a link for itself. */
static int
open_name(const char *path, int *fd, struct stat *status)
{
    *fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0) {
        return errno;
    }
    if (fstat(*fd, status) < 0) {
        int error = errno;
        (void)close(*fd);
        return error;
    }
    return 0;
}

static int
judge(const char *path, int found, const struct stat *status,
      struct complaint *complaint)
{
    if (!S_ISSOCK(status->st_mode)) {
        complaint_set(complaint,
                      "%s is there and is no socket; it is left as it is",
                      path);
        return EEXIST;
    }
    int error = probe(found);
    if (error == ECONNREFUSED) {
        return 0;
    }
    if (error == EACCES || error == EPERM) {
        complaint_set(complaint,
                      "%s is there, and whether somebody listens on it cannot "
                      "be told: %s",
                      path, strerror(error));
        return error;
    }
    complaint_set(complaint, "somebody listens on %s already", path);
    return EADDRINUSE;
}

/* Remove what a dead server left on the path. */
static int
replace(const char *path, struct complaint *complaint)
{
    struct stat status = {0};
    int found;

    int error = open_name(path, &found, &status);
    if (error == ENOENT) {
        return 0;
    }
    if (error) {
        complaint_set(complaint, "%s cannot be looked at: %s", path,
                      strerror(error));
        return error;
    }
    error = judge(path, found, &status, complaint);
    (void)close(found);
    if (!error && unlink(path) < 0 && errno != ENOENT) {
        error = errno;
        complaint_set(complaint,
                      "%s was left by a server that is gone, and "
                      "cannot be removed: %s",
                      path, strerror(error));
    }
    return error;
}

static int
give_away(int file, const struct unix_socket_request *request,
          struct complaint *complaint)
{
    char path[PROC_PATH_MAX];

    name_of(file, path);
    if (chown(path, request->user, request->group) < 0) {
        int error = errno;
        complaint_set(complaint,
                      "%s cannot be given to the user or group of "
                      "--unix-owner: %s",
                      request->path, strerror(error));
        return error;
    }
    if (chmod(path, request->mode) < 0) {
        int error = errno;
        complaint_set(complaint, "%s cannot be given the mode %03o: %s",
                      request->path, (unsigned)request->mode, strerror(error));
        return error;
    }
    return 0;
}

/* A file that has just been made, and cannot be looked at as it should. */
static void
remove_unseen(const char *path)
{
    struct stat status;

    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
        status.st_uid == geteuid()) {
        (void)unlink(path);
    }
}

/* The file is there, and nobody can connect before the socket listens. */
static int
dress(struct unix_socket *made, const struct unix_socket_request *request,
      struct complaint *complaint)
{
    struct stat status = {0};
    int file;

    int error = open_name(made->file.path, &file, &status);
    if (error) {
        complaint_set(complaint, "%s cannot be looked at again: %s",
                      made->file.path, strerror(error));
        remove_unseen(made->file.path);
        return error;
    }
    if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid()) {
        complaint_set(complaint, "%s has been replaced by somebody else's file",
                      made->file.path);
        (void)close(file);
        return EEXIST;
    }
    made->file.device = status.st_dev;
    made->file.inode = status.st_ino;
    error = give_away(file, request, complaint);
    (void)close(file);
    return error;
}

static bool
is_file(const struct stat *status, const struct unix_socket_file *file)
{
    return S_ISSOCK(status->st_mode) && status->st_dev == file->device &&
           status->st_ino == file->inode;
}

static void
remove_own(const struct unix_socket_file *file)
{
    struct stat status = {0};

    if (lstat(file->path, &status) == 0 && is_file(&status, file)) {
        (void)unlink(file->path);
    }
}

/* Before the file exists it has no more rights than its owner's. */
static int
bind_name(const struct unix_socket *made, struct complaint *complaint)
{
    const struct sockaddr_un address = address_of(made->file.path);

    (void)!fchmod(made->fd, UNIX_SOCKET_MODE);
    if (bind(made->fd, (const void *)&address, sizeof address) == 0) {
        return 0;
    }
    int error = errno;
    complaint_set(complaint, "no socket can be made at %s: %s", made->file.path,
                  strerror(error));
    return error;
}

static int
take_name(struct unix_socket *made, const struct unix_socket_request *request,
          struct complaint *complaint)
{
    int error = replace(made->file.path, complaint);
    if (!error) {
        error = bind_name(made, complaint);
    }
    if (error) {
        return error;
    }
    error = dress(made, request, complaint);
    if (!error && listen(made->fd, BACKLOG) < 0) {
        error = errno;
        complaint_set(complaint, "cannot listen on %s: %s", made->file.path,
                      strerror(error));
    }
    if (error) {
        remove_own(&made->file);
    }
    return error;
}

/*
 * Nobody else of this user looks at a name and takes it meanwhile.  A
 * user who has no runtime directory does without: -1.
 */
static int
lock(void)
{
    struct complaint ignored;
    int directory = -1;
    int failed = -1;

    for (unsigned i = 0; i < RUNTIME_CANDIDATES && directory < 0; i++) {
        if (runtime_open(i, geteuid(), true, &directory, &ignored)) {
            directory = -1;
        }
    }
    for (int i = 0; directory >= 0 && failed && i < LOCK_TRIES; i++) {
        failed = flock(directory, LOCK_EX);
    }
    return directory;
}

static void
unlock(int directory)
{
    if (directory >= 0) {
        (void)close(directory);
    }
}

static int
complain_of_length(const char *path, size_t length, struct complaint *complaint)
{
    complaint_set(complaint,
                  "the socket's path %s has %zu bytes, and %zu are the most",
                  path, length, UNIX_SOCKET_PATH_MAX - 1);
    return ENAMETOOLONG;
}

/* The directory without its links, then the name: a daemon's own is "/". */
static int
make_absolute(const char *given, char path[static UNIX_SOCKET_PATH_MAX],
              struct complaint *complaint)
{
    char directory[PATH_MAX];
    char whole[PATH_MAX];
    const char *slash = strrchr(given, '/');
    const char *name = slash ? slash + 1 : given;

    if (strlen(given) >= PATH_MAX) {
        return complain_of_length("", strlen(given), complaint);
    }
    if (!strcmp(name, "") || !strcmp(name, ".") || !strcmp(name, "..")) {
        complaint_set(complaint, "'%s' does not end in a name for a socket",
                      given);
        return EINVAL;
    }
    (void)snprintf(directory, sizeof directory, "%.*s",
                   slash ? (int)(slash - given) + 1 : 1, slash ? given : ".");
    if (!realpath(directory, whole)) {
        int error = errno;
        complaint_set(complaint, "there is no directory for the socket %s: %s",
                      given, strerror(error));
        return error;
    }
    int length = snprintf(path, UNIX_SOCKET_PATH_MAX, "%s/%s",
                          strcmp(whole, "/") ? whole : "", name);
    if (length < 0 || (size_t)length >= UNIX_SOCKET_PATH_MAX) {
        return complain_of_length(given, (size_t)length, complaint);
    }
    return 0;
}

int
unix_socket_open(struct unix_socket *made,
                 const struct unix_socket_request *request,
                 struct complaint *complaint)
{
    *made = (struct unix_socket){.fd = -1};
    int error = make_absolute(request->path, made->file.path, complaint);
    if (error) {
        return error;
    }
    error = make_socket(&made->fd);
    if (error) {
        complaint_set(complaint, "no Unix socket can be made: %s",
                      strerror(error));
        return error;
    }
    int lock_fd = lock();
    error = take_name(made, request, complaint);
    unlock(lock_fd);
    if (error) {
        (void)close(made->fd);
        made->fd = -1;
    }
    return error;
}

void
unix_socket_close(struct unix_socket *made)
{
    if (made->fd < 0) {
        return;
    }
    remove_own(&made->file);
    (void)close(made->fd);
    made->fd = -1;
}

bool
unix_socket_clear(const struct unix_socket_file *file, uid_t owner)
{
    struct stat status = {0};
    int found;

    if (open_name(file->path, &found, &status)) {
        return false;
    }
    const bool is_owners =
        owner == UNIX_SOCKET_SAME_USER || status.st_uid == owner;
    const bool is_dead =
        is_file(&status, file) && is_owners && probe(found) == ECONNREFUSED;
    (void)close(found);
    return is_dead && unlink(file->path) == 0;
}
