#include "fake_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 1024

atomic_bool fake_calls_armed;

static _Thread_local const char *wanted; /* NULL: any */
static _Thread_local long left;          /* until one fails; 0: none does */
static _Thread_local int given;
static _Thread_local const char *failed;

void
fake_calls_fail(const char *name, long n, int error)
{
    wanted = name;
    left = n;
    given = error;
    failed = NULL;
    atomic_store(&fake_calls_armed, true);
}

const char *
fake_calls_failed(void)
{
    left = 0;
    return failed;
}

bool
fake_calls_fails(const char *name)
{
    if (left == 0 || (wanted != NULL && strcmp(wanted, name) != 0)) {
        return false;
    }
    left--;
    if (left > 0) {
        return false;
    }
    failed = name;
    errno = given;
    return true;
}

int
fake_calls_descriptors(void)
{
    int open_now = 0;
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
        open_now += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    return open_now;
}

#define CALL(type, failure, name, parameters, arguments)                    \
    type __real_##name parameters;                                          \
    type __wrap_##name parameters;                                          \
    type __wrap_##name parameters                                           \
    {                                                                       \
        return fake_calls_fails(#name) ? failure : __real_##name arguments; \
    }

CALL(int, -1, accept4,
     (int fd, struct sockaddr *address, socklen_t *bytes, int flags),
     (fd, address, bytes, flags))
CALL(int, -1, bind, (int fd, const struct sockaddr *address, socklen_t bytes),
     (fd, address, bytes))
CALL(int, -1, connect,
     (int fd, const struct sockaddr *address, socklen_t bytes),
     (fd, address, bytes))
CALL(int, -1, listen, (int fd, int backlog), (fd, backlog))
CALL(int, -1, socket, (int family, int type, int protocol),
     (family, type, protocol))
CALL(int, -1, getsockname, (int fd, struct sockaddr *address, socklen_t *bytes),
     (fd, address, bytes))
CALL(int, -1, getsockopt,
     (int fd, int level, int name, void *value, socklen_t *bytes),
     (fd, level, name, value, bytes))
CALL(int, -1, setsockopt,
     (int fd, int level, int name, const void *value, socklen_t bytes),
     (fd, level, name, value, bytes))
CALL(ssize_t, -1, send, (int fd, const void *bytes, size_t length, int flags),
     (fd, bytes, length, flags))
CALL(ssize_t, -1, recv, (int fd, void *bytes, size_t length, int flags),
     (fd, bytes, length, flags))
CALL(ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags))
CALL(int, -1, epoll_create1, (int flags), (flags))
CALL(int, -1, epoll_ctl,
     (int epoll, int what, int fd, struct epoll_event *event),
     (epoll, what, fd, event))
CALL(int, -1, sched_getaffinity, (pid_t thread, size_t bytes, cpu_set_t *set),
     (thread, bytes, set))
CALL(int, -1, eventfd, (unsigned value, int flags), (value, flags))
CALL(int, -1, poll, (struct pollfd * fds, nfds_t count, int timeout_ms),
     (fds, count, timeout_ms))
CALL(int, -1, signalfd, (int fd, const sigset_t *set, int flags),
     (fd, set, flags))
CALL(int, -1, chmod, (const char *path, mode_t mode), (path, mode))
CALL(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(int, -1, chown, (const char *path, uid_t user, gid_t group),
     (path, user, group))
CALL(int, -1, flock, (int fd, int what), (fd, what))
CALL(int, -1, fstat, (int fd, struct stat *status), (fd, status))
CALL(int, -1, lstat, (const char *path, struct stat *status), (path, status))
CALL(int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(int, -1, mkdirat, (int directory, const char *path, mode_t mode),
     (directory, path, mode))
CALL(int, -1, unlink, (const char *path), (path))
CALL(int, -1, unlinkat, (int directory, const char *path, int flags),
     (directory, path, flags))
CALL(int, -1, symlinkat, (const char *target, int directory, const char *path),
     (target, directory, path))
CALL(int, -1, pipe2, (int fds[2], int flags), (fds, flags))
CALL(ssize_t, -1, write, (int fd, const void *bytes, size_t length),
     (fd, bytes, length))
CALL(char *, NULL, realpath, (const char *path, char *resolved),
     (path, resolved))
CALL(pid_t, -1, fork, (void), ())
CALL(pid_t, -1, waitpid, (pid_t process, int *status, int flags),
     (process, status, flags))
CALL(int, -1, pidfd_send_signal,
     (int process, int number, siginfo_t *info, unsigned flags),
     (process, number, info, flags))
CALL(char *, NULL, mkdtemp, (char *path), (path))
CALL(int, -1, gethostname, (char *name, size_t bytes), (name, bytes))
CALL(FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
CALL(FILE *, NULL, fdopen, (int fd, const char *mode), (fd, mode))
CALL(int, -1, socketpair, (int family, int type, int protocol, int fds[2]),
     (family, type, protocol, fds))
CALL(int, -1, dup2, (int from, int to), (from, to))
CALL(int, -1, chdir, (const char *path), (path))
CALL(ssize_t, -1, read, (int fd, void *bytes, size_t length),
     (fd, bytes, length))
CALL(DIR *, NULL, opendir, (const char *path), (path))
CALL(int, -1, shm_open, (const char *name, int flags, mode_t mode),
     (name, flags, mode))
CALL(int, -1, shm_unlink, (const char *name), (name))
CALL(struct tm *, NULL, localtime_r, (const time_t *when, struct tm *parts),
     (when, parts))
CALL(size_t, 0, strftime,
     (char *text, size_t bytes, const char *form, const struct tm *parts),
     (text, bytes, form, parts))
CALL(int, errno, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes,
      void *(*run)(void *), void *argument),
     (thread, attributes, run, argument))
CALL(int, errno, pthread_attr_init, (pthread_attr_t * attributes), (attributes))

void *__real_mmap(void *at, size_t length, int access, int flags, int fd,
                  off_t offset);
void *__wrap_mmap(void *at, size_t length, int access, int flags, int fd,
                  off_t offset);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);

void *
__wrap_mmap(void *at, size_t length, int access, int flags, int fd,
            off_t offset)
{
    return fake_calls_fails("mmap")
               ? MAP_FAILED
               : __real_mmap(at, length, access, flags, fd, offset);
}

/* A call of the system has at most six arguments, each as wide as a word. */
long
__wrap_syscall(long number, ...)
{
    long given_ones[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++) {
        given_ones[i] = va_arg(arguments, long);
    }
    va_end(arguments);
    return fake_calls_fails("syscall")
               ? -1
               : __real_syscall(number, given_ones[0], given_ones[1],
                                given_ones[2], given_ones[3], given_ones[4],
                                given_ones[5]);
}

int
__wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;
    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0) {
        mode = va_arg(arguments, mode_t);
    }
    va_end(arguments);
    return fake_calls_fails("open") ? -1 : __real_open(path, flags, mode);
}

int
__wrap_openat(int directory, const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;
    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0) {
        mode = va_arg(arguments, mode_t);
    }
    va_end(arguments);
    return fake_calls_fails("openat")
               ? -1
               : __real_openat(directory, path, flags, mode);
}
