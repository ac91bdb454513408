#include "mapping.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FALLOCATE_TRIES 100

static struct flock
whole_file(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return lock;
}

/* Errors: EBUSY  another process has it */
static int
lock_file(int descriptor)
{
    struct flock lock = whole_file();
    if (fcntl(descriptor, F_SETLK, &lock) == 0) {
        return 0;
    }
    return errno == EACCES || errno == EAGAIN ? EBUSY : errno;
}

/* Somebody may have unlinked the name before the lock was had. */
static int
verify_linked(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return errno;
    }
    return status.st_nlink == 0 ? EAGAIN : 0;
}

/* Ask first: a hopeless reservation would fill the memory before it fails. */
static int
verify_room(int descriptor, uint64_t bytes)
{
    struct statvfs status;
    if (fstatvfs(descriptor, &status) != 0) {
        return errno;
    }
    uint64_t room = (uint64_t)status.f_bavail * status.f_frsize;
    return status.f_blocks > 0 && room < bytes ? ENOSPC : 0;
}

static int
reserve(int descriptor, uint64_t bytes)
{
    int error = EINTR;
    for (int i = 0; i < FALLOCATE_TRIES && error == EINTR; i++) {
        error = posix_fallocate(descriptor, 0, (off_t)bytes);
    }
    return error;
}

static int
claim(int descriptor, uint64_t bytes)
{
    int error = lock_file(descriptor);
    if (error == 0) {
        error = verify_linked(descriptor);
    }
    if (error == 0) {
        error = verify_room(descriptor, bytes);
    }
    if (error == 0) {
        error = reserve(descriptor, bytes);
    }
    return error == EBUSY ? EAGAIN : error;
}

int
mapping_create(struct mapping *mapping, const char *name, uint64_t bytes)
{
    int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (descriptor < 0) {
        return errno;
    }
    int error = claim(descriptor, bytes);
    if (error == EAGAIN) {
        goto close;
    }
    if (error != 0) {
        goto unlink;
    }
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) {
        error = errno;
        goto unlink;
    }
    mapping->memory = memory;
    mapping->bytes = bytes;
    mapping->descriptor = descriptor;
    return 0;
unlink:
    (void)shm_unlink(name);
close:
    (void)close(descriptor);
    return error;
}

void
mapping_destroy(struct mapping *mapping)
{
    int result = munmap(mapping->memory, mapping->bytes);
    assert(result == 0);
    (void)close(mapping->descriptor);
    mapping->memory = NULL;
    mapping->descriptor = -1;
}

int
mapping_owner(const char *name, pid_t *owner)
{
    int descriptor = shm_open(name, O_RDWR, 0);
    if (descriptor < 0) {
        return errno;
    }
    struct flock lock = whole_file();
    int error = fcntl(descriptor, F_GETLK, &lock) == 0 ? 0 : errno;
    *owner = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
    (void)close(descriptor);
    return error;
}

int
mapping_unlink(const char *name)
{
    return shm_unlink(name) == 0 ? 0 : errno;
}

int
mapping_clear(const char *name)
{
    int descriptor = shm_open(name, O_RDWR, 0);
    if (descriptor < 0) {
        return errno;
    }
    int error = lock_file(descriptor);
    if (error == 0) {
        error = verify_linked(descriptor) == 0 ? mapping_unlink(name) : ENOENT;
    }
    (void)close(descriptor);
    return error;
}
