#include "fake_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/statvfs.h>

#include "fake_calls.h"

static atomic_int lock_error;
static atomic_long interruptions_left;
static atomic_long reservations;
static atomic_long blocks_told = -1;

void
fake_file_lock_error(int error)
{
    atomic_store(&lock_error, error);
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
int __real_posix_fallocate(int descriptor, off_t offset, off_t length);
int __wrap_posix_fallocate(int descriptor, off_t offset, off_t length);
int __real_fstatvfs(int descriptor, struct statvfs *status);
int __wrap_fstatvfs(int descriptor, struct statvfs *status);

/* The argument, if any, is a pointer or an int: as wide as a register. */
int
__wrap_fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    int error = atomic_exchange(&lock_error, 0);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return fake_calls_fails("fcntl")
               ? -1
               : __real_fcntl(descriptor, command, argument);
}

int
__wrap_posix_fallocate(int descriptor, off_t offset, off_t length)
{
    atomic_fetch_add(&reservations, 1);
    if (atomic_load(&interruptions_left) > 0) {
        atomic_fetch_sub(&interruptions_left, 1);
        return EINTR;
    }
    if (fake_calls_fails("posix_fallocate")) {
        return errno;
    }
    return __real_posix_fallocate(descriptor, offset, length);
}

int
__wrap_fstatvfs(int descriptor, struct statvfs *status)
{
    int result =
        fake_calls_fails("fstatvfs") ? -1 : __real_fstatvfs(descriptor, status);
    if (result == 0 && atomic_load(&blocks_told) >= 0) {
        status->f_blocks = (fsblkcnt_t)atomic_load(&blocks_told);
        status->f_bfree = 0;
        status->f_bavail = 0;
    }
    return result;
}
