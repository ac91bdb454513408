#include "fake_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static atomic_int lock_error;
static atomic_long locks_left; /* until one fails; 0: none does */
static atomic_int status_error;
static atomic_int room_error;
static atomic_long interruptions_left;
static atomic_long reservations;
static atomic_long blocks_told = -1;

void
fake_file_lock_error(int error)
{
    fake_file_lock_error_at(1, error);
}

void
fake_file_lock_error_at(long n, int error)
{
    atomic_store(&lock_error, error);
    atomic_store(&locks_left, n);
}

void
fake_file_status_error(int error)
{
    atomic_store(&status_error, error);
}

void
fake_file_room_error(int error)
{
    atomic_store(&room_error, error);
}

void
fake_file_interrupt(long times)
{
    atomic_store(&interruptions_left, times);
    atomic_store(&reservations, 0);
}

long
fake_file_reservations(void)
{
    return atomic_load(&reservations);
}

void
fake_file_full(long blocks)
{
    atomic_store(&blocks_told, blocks);
}

int __real_fcntl(int descriptor, int command, ...);
int __wrap_fcntl(int descriptor, int command, ...);
int __real_fstat(int descriptor, struct stat *status);
int __wrap_fstat(int descriptor, struct stat *status);
int __real_posix_fallocate(int descriptor, off_t offset, off_t length);
int __wrap_posix_fallocate(int descriptor, off_t offset, off_t length);
int __real_fstatvfs(int descriptor, struct statvfs *status);
int __wrap_fstatvfs(int descriptor, struct statvfs *status);

/* Does a test want this call to fail?  Once. */
static bool
fails(atomic_int *error)
{
    int wanted = atomic_exchange(error, 0);
    if (wanted != 0) {
        errno = wanted;
    }
    return wanted != 0;
}

static bool
is_lock_due(void)
{
    long left = atomic_load(&locks_left);
    if (left > 0) {
        atomic_store(&locks_left, left - 1);
    }
    return left == 1;
}

/* The argument, if any, is a pointer or an int: as wide as a register. */
int
__wrap_fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (is_lock_due() && fails(&lock_error)) {
        return -1;
    }
    return __real_fcntl(descriptor, command, argument);
}

int
__wrap_fstat(int descriptor, struct stat *status)
{
    return fails(&status_error) ? -1 : __real_fstat(descriptor, status);
}

int
__wrap_posix_fallocate(int descriptor, off_t offset, off_t length)
{
    atomic_fetch_add(&reservations, 1);
    if (atomic_load(&interruptions_left) > 0) {
        atomic_fetch_sub(&interruptions_left, 1);
        return EINTR;
    }
    return __real_posix_fallocate(descriptor, offset, length);
}

int
__wrap_fstatvfs(int descriptor, struct statvfs *status)
{
    int result = fails(&room_error) ? -1 : __real_fstatvfs(descriptor, status);
    if (result == 0 && atomic_load(&blocks_told) >= 0) {
        status->f_blocks = (fsblkcnt_t)atomic_load(&blocks_told);
        status->f_bfree = 0;
        status->f_bavail = 0;
    }
    return result;
}
