#include "runtime.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A candidate: where it stands, its name there, and whose that place is. */
struct candidate {
    char parent[PATH_MAX];
    char name[32];
    bool parent_is_the_users;
};

static int
describe(unsigned which, uid_t user, struct candidate *candidate)
{
    const char *named;
    int length = 0;

    *candidate =
        (struct candidate){.name = "dipc", .parent_is_the_users = true};
    switch (which) {
    case 0:
        named = getenv("XDG_RUNTIME_DIR");
        if (!named || named[0] != '/') {
            return ENOENT;
        }
        length = snprintf(candidate->parent, PATH_MAX, "%s", named);
        break;
    case 1:
        length = snprintf(candidate->parent, PATH_MAX, "/run/user/%lu",
                          (unsigned long)user);
        break;
    default:
        assert(which == 2);
        length = snprintf(candidate->parent, PATH_MAX, "/tmp");
        (void)snprintf(candidate->name, sizeof candidate->name, "dipc-%lu",
                       (unsigned long)user);
        candidate->parent_is_the_users = false;
        break;
    }
    return length < PATH_MAX ? 0 : ENOENT;
}

static int
open_parent(const struct candidate *candidate, uid_t user, int *parent)
{
    struct stat status;

    int fd = open(candidate->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ENOENT;
    }
    if (candidate->parent_is_the_users &&
        (fstat(fd, &status) < 0 || status.st_uid != user)) {
        (void)close(fd);
        return ENOENT;
    }
    *parent = fd;
    return 0;
}

static int
verify(const struct candidate *candidate, uid_t user, int fd,
       struct complaint *complaint)
{
    struct stat status;

    if (fstat(fd, &status) < 0) {
        return ENOENT;
    }
    if (status.st_uid != user) {
        complaint_set(complaint, "%s/%s belongs to another user (number %lu)",
                      candidate->parent, candidate->name,
                      (unsigned long)status.st_uid);
        return EPERM;
    }
    if (status.st_mode & 077) {
        complaint_set(
            complaint, "%s/%s is open to others (mode %03o, and 700 is right)",
            candidate->parent, candidate->name, status.st_mode & 0777U);
        return EPERM;
    }
    return 0;
}

static int
open_below(const struct candidate *candidate, int parent, bool create,
           int *directory, struct complaint *complaint)
{
    if (create && mkdirat(parent, candidate->name, 0700) < 0 &&
        errno != EEXIST) {
        return ENOENT;
    }
    *directory = openat(parent, candidate->name,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*directory >= 0) {
        return 0;
    }
    if (errno == ENOENT) {
        return ENOENT;
    }
    complaint_set(complaint, "%s/%s is not a directory of yours",
                  candidate->parent, candidate->name);
    return EPERM;
}

int
runtime_open(unsigned which, uid_t user, bool create, int *directory,
             struct complaint *complaint)
{
    struct candidate candidate;
    int parent;
    int found;

    int error = describe(which, user, &candidate);
    if (error) {
        return error;
    }
    error = open_parent(&candidate, user, &parent);
    if (error) {
        return error;
    }
    error = open_below(&candidate, parent, create, &found, complaint);
    (void)close(parent);
    if (error) {
        return error;
    }
    error = verify(&candidate, user, found, complaint);
    if (error) {
        (void)close(found);
        return error;
    }
    *directory = found;
    return 0;
}
