#include "mapping.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FALLOCATE_TRIES 100

/* The bytes of the file that stand for owning it and for using it. */
#define OWNER_BYTE 0
#define USER_BYTE 1

static struct flock
one_byte(short type, off_t byte)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return lock;
}

/* Errors: EBUSY  another process has it */
static int
lock_byte(int descriptor, int command, short type, off_t byte)
{
    struct flock lock = one_byte(type, byte);
    if (fcntl(descriptor, command, &lock) == 0) {
        return 0;
    }
    return errno == EACCES || errno == EAGAIN ? EBUSY : errno;
}

static int
lock_owner(int descriptor)
{
    return lock_byte(descriptor, F_SETLK, F_WRLCK, OWNER_BYTE);
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
    int error = lock_owner(descriptor);
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

/* On success the mapping owns the descriptor. */
static int
map(struct mapping *mapping, int descriptor, uint64_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) {
        return errno;
    }
    mapping->memory = memory;
    mapping->bytes = bytes;
    mapping->descriptor = descriptor;
    return 0;
}

/* Memory of no bytes was left by a creator that died early. */
static int
map_whole(struct mapping *mapping, int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return errno;
    }
    if (status.st_size == 0) {
        return ENODATA;
    }
    int error = reserve(descriptor, (uint64_t)status.st_size);
    if (error != 0) {
        return error;
    }
    return map(mapping, descriptor, (uint64_t)status.st_size);
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
    if (error == 0) {
        error = map(mapping, descriptor, bytes);
    }
    if (error == 0) {
        return 0;
    }
    (void)shm_unlink(name);
close:
    (void)close(descriptor);
    return error;
}

/* Errors: EBUSY, EUSERS as mapping_adopt; ENOENT  the name is gone */
static int
claim_left(int descriptor)
{
    int error = lock_owner(descriptor);
    if (error != 0) {
        return error;
    }
    error = lock_byte(descriptor, F_SETLK, F_WRLCK, USER_BYTE);
    if (error != 0) {
        return error == EBUSY ? EUSERS : error;
    }
    error = verify_linked(descriptor);
    return error == EAGAIN ? ENOENT : error;
}

int
mapping_adopt(struct mapping *mapping, const char *name)
{
    int descriptor = shm_open(name, O_RDWR, 0);
    if (descriptor < 0) {
        return errno;
    }
    int error = claim_left(descriptor);
    if (error == 0) {
        error = map_whole(mapping, descriptor);
    }
    if (error != 0) {
        (void)close(descriptor);
    }
    return error;
}

void
mapping_share(struct mapping *mapping)
{
    int error = lock_byte(mapping->descriptor, F_SETLK, F_UNLCK, USER_BYTE);
    assert(error == 0);
}

/* Takes the descriptor over, whatever comes of it. */
static int
attach(struct mapping *mapping, int descriptor)
{
    int error = lock_byte(descriptor, F_OFD_SETLK, F_RDLCK, USER_BYTE);
    if (error == 0) {
        error = map_whole(mapping, descriptor);
    }
    if (error != 0) {
        (void)close(descriptor);
    }
    return error;
}

int
mapping_attach(struct mapping *mapping, const char *name)
{
    int descriptor = shm_open(name, O_RDWR, 0);
    return descriptor < 0 ? errno : attach(mapping, descriptor);
}

/*
 * A duplicate would share its locks with the original's open description, so
 * the memory is opened anew, by the name that the kernel gives a descriptor.
 */
int
mapping_attach_descriptor(struct mapping *mapping, int descriptor)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
    int own = open(path, O_RDWR | O_CLOEXEC);
    return own < 0 ? errno : attach(mapping, own);
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
    struct flock lock = one_byte(F_WRLCK, OWNER_BYTE);
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
    int error = lock_owner(descriptor);
    if (error == 0) {
        error = verify_linked(descriptor);
        error = error == EAGAIN ? ENOENT : error;
    }
    if (error == 0) {
        error = mapping_unlink(name);
    }
    (void)close(descriptor);
    return error;
}
