#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURNS 512

enum faults_mode {
    FAULTS_NONE,
    FAULTS_COUNT,
    FAULTS_FAIL,
    FAULTS_SHORT,
    FAULTS_INTERRUPT
};

static struct {
    enum faults_mode mode;
    char report[256];
    char call[32];
    unsigned nth;
    int error;
    _Atomic unsigned *calls; /* shared with forks */
} plan;

/* The calls as they are, where this file itself needs them. */
int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t length_bytes);
int __real_close(int fd);
void *__real_mmap(void *address, size_t length_bytes, int protection, int flags,
                  int fd, off_t offset);
int __real_fstat(int fd, struct stat *status);
int __real_getsockopt(int fd, int level, int option, void *value,
                      socklen_t *length_bytes);

static void
report(const char *text)
{
    int fd = __real_open(plan.report, O_WRONLY | O_APPEND | O_CLOEXEC);

    if (fd >= 0) {
        char line[64];
        int length = snprintf(line, sizeof line, "%s\n", text);
        (void)!__real_write(fd, line, (size_t)length);
        (void)__real_close(fd);
    }
}

/* A plan that cannot be read would be a run without a fault. */
static void
refuse_plan(const char *text)
{
    (void)fprintf(stderr, "faults: DIPC_FAULTS='%s' is no plan\n", text);
    abort();
}

__attribute__((constructor)) static void
read_plan(void)
{
    const char *text = getenv("DIPC_FAULTS");
    char mode[16] = "";

    if (!text) {
        return;
    }
    int found = sscanf(text, "%255s %15s %31s %u %d", plan.report, mode,
                       plan.call, &plan.nth, &plan.error);
    plan.calls = __real_mmap(NULL, sizeof *plan.calls, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan.calls == MAP_FAILED) {
        abort();
    }
    if (found == 5 && !strcmp(mode, "fail")) {
        plan.mode = FAULTS_FAIL;
    } else if (found == 2 && !strcmp(mode, "count")) {
        plan.mode = FAULTS_COUNT;
    } else if (found == 2 && !strcmp(mode, "short")) {
        plan.mode = FAULTS_SHORT;
    } else if (found == 2 && !strcmp(mode, "interrupt")) {
        plan.mode = FAULTS_INTERRUPT;
    } else {
        refuse_plan(text);
    }
}

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_print_stack_trace(void);
#endif

/* To find out by hand where a fault struck. */
static void
show_place(void)
{
#ifdef __SANITIZE_ADDRESS__
    if (getenv("DIPC_FAULTS_SHOW")) {
        __sanitizer_print_stack_trace();
    }
#endif
}

int
faults_due(const char *call)
{
    const int before = errno;

    if (plan.mode == FAULTS_COUNT) {
        report(call);
        errno = before;
    }
    if (plan.mode != FAULTS_FAIL || strcmp(call, plan.call) != 0 ||
        atomic_fetch_add(plan.calls, 1) + 1 != plan.nth) {
        return 0;
    }
    report(call);
    show_place();
    errno = before;
    return plan.error;
}

/* Each place in the program has turns of its own, in each thread. */
static bool
takes_turn(const void *place)
{
    static _Thread_local bool turns[TURNS];
    size_t which = (uintptr_t)place - (uintptr_t)&plan;

    bool *turn = &turns[(which ^ which >> 9) % TURNS];
    *turn = !*turn;
    return *turn;
}

int
faults_due_waiting(const char *call, const void *place)
{
    if (plan.mode == FAULTS_INTERRUPT) {
        return takes_turn(place) ? EINTR : 0;
    }
    return faults_due(call);
}

/* A message has its bounds, and an event is whole: only streams are cut. */
static bool
is_stream(int fd)
{
    struct stat status;
    int type = 0;
    socklen_t bytes = sizeof type;

    if (__real_fstat(fd, &status) < 0) {
        return false;
    }
    if (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode)) {
        return true;
    }
    return S_ISSOCK(status.st_mode) &&
           __real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 &&
           type == SOCK_STREAM;
}

size_t
faults_limit(int fd, size_t length_bytes)
{
    if (plan.mode == FAULTS_SHORT && length_bytes > 1 && is_stream(fd)) {
        return 1;
    }
    return length_bytes;
}

/* Where the result is the error itself. */
#define RETURNS_ERROR(call, parameters, arguments)      \
    int __real_##call parameters;                       \
    int __wrap_##call parameters;                       \
    int __wrap_##call parameters                        \
    {                                                   \
        int error = faults_due(#call);                  \
        return error ? error : __real_##call arguments; \
    }

/* Where the error is in errno, and the result is `failure`. */
#define SETS_ERRNO(type, failure, call, parameters, arguments) \
    type __real_##call parameters;                             \
    type __wrap_##call parameters;                             \
    type __wrap_##call parameters                              \
    {                                                          \
        int error = faults_due(#call);                         \
        if (error) {                                           \
            errno = error;                                     \
            return failure;                                    \
        }                                                      \
        return __real_##call arguments;                        \
    }

/* The same for one that a signal can interrupt. */
#define WAITS(type, failure, call, parameters, arguments)                   \
    type __real_##call parameters;                                          \
    type __wrap_##call parameters;                                          \
    type __wrap_##call parameters                                           \
    {                                                                       \
        int error = faults_due_waiting(#call, __builtin_return_address(0)); \
        if (error) {                                                        \
            errno = error;                                                  \
            return failure;                                                 \
        }                                                                   \
        return __real_##call arguments;                                     \
    }

/* clang-format off */
SETS_ERRNO(void *, NULL, malloc, (size_t bytes), (bytes))
SETS_ERRNO(void *, NULL, calloc, (size_t n, size_t bytes), (n, bytes))
SETS_ERRNO(void *, NULL, realloc, (void *old, size_t bytes), (old, bytes))
SETS_ERRNO(char *, NULL, strndup, (const char *text, size_t n), (text, n))
SETS_ERRNO(void *, MAP_FAILED, mmap,
           (void *a, size_t n, int p, int f, int fd, off_t o),
           (a, n, p, f, fd, o))
SETS_ERRNO(int, -1, shm_open, (const char *n, int f, mode_t m), (n, f, m))
SETS_ERRNO(int, -1, shm_unlink, (const char *n), (n))

RETURNS_ERROR(pthread_attr_init, (pthread_attr_t *a), (a))
RETURNS_ERROR(pthread_attr_setstacksize, (pthread_attr_t *a, size_t n), (a, n))
RETURNS_ERROR(pthread_create,
              (pthread_t *t, const pthread_attr_t *a, void *(*f)(void *),
               void *v), (t, a, f, v))
RETURNS_ERROR(pthread_cond_init,
              (pthread_cond_t *c, const pthread_condattr_t *a), (c, a))
RETURNS_ERROR(pthread_condattr_init, (pthread_condattr_t *a), (a))
RETURNS_ERROR(pthread_condattr_setclock, (pthread_condattr_t *a, clockid_t c),
              (a, c))
RETURNS_ERROR(pthread_mutex_init,
              (pthread_mutex_t *m, const pthread_mutexattr_t *a), (m, a))
RETURNS_ERROR(pthread_mutexattr_init, (pthread_mutexattr_t *a), (a))
RETURNS_ERROR(pthread_mutexattr_setpshared, (pthread_mutexattr_t *a, int s),
              (a, s))
RETURNS_ERROR(pthread_mutexattr_setrobust, (pthread_mutexattr_t *a, int r),
              (a, r))

SETS_ERRNO(int, -1, sched_getaffinity, (pid_t t, size_t n, cpu_set_t *set),
           (t, n, set))

WAITS(int, -1, accept4, (int fd, struct sockaddr *a, socklen_t *n, int f),
      (fd, a, n, f))
SETS_ERRNO(int, -1, bind, (int fd, const struct sockaddr *a, socklen_t n),
           (fd, a, n))
SETS_ERRNO(struct servent *, NULL, getservbyname,
           (const char *name, const char *protocol), (name, protocol))
SETS_ERRNO(int, -1, getpeername, (int fd, struct sockaddr *a, socklen_t *n),
           (fd, a, n))
SETS_ERRNO(int, -1, getsockname, (int fd, struct sockaddr *a, socklen_t *n),
           (fd, a, n))
SETS_ERRNO(int, -1, getsockopt, (int fd, int l, int o, void *v, socklen_t *n),
           (fd, l, o, v, n))
SETS_ERRNO(const char *, NULL, inet_ntop,
           (int family, const void *a, char *text, socklen_t n),
           (family, a, text, n))
SETS_ERRNO(int, -1, listen, (int fd, int n), (fd, n))
WAITS(ssize_t, -1, recv, (int fd, void *data, size_t n, int f),
      (fd, data, faults_limit(fd, n), f))
WAITS(ssize_t, -1, send, (int fd, const void *data, size_t n, int f),
      (fd, data, faults_limit(fd, n), f))
SETS_ERRNO(int, -1, setsockopt,
           (int fd, int l, int o, const void *v, socklen_t n),
           (fd, l, o, v, n))
SETS_ERRNO(int, -1, shutdown, (int fd, int how), (fd, how))
SETS_ERRNO(int, -1, socket, (int family, int type, int p), (family, type, p))
SETS_ERRNO(int, -1, socketpair, (int family, int type, int p, int fds[2]),
           (family, type, p, fds))

SETS_ERRNO(int, -1, epoll_create1, (int flags), (flags))
SETS_ERRNO(int, -1, epoll_ctl, (int e, int o, int fd, struct epoll_event *v),
           (e, o, fd, v))
WAITS(int, -1, epoll_wait, (int e, struct epoll_event *v, int n, int ms),
      (e, v, n, ms))
SETS_ERRNO(int, -1, eventfd, (unsigned n, int flags), (n, flags))
WAITS(int, -1, poll, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms))
WAITS(int, -1, ppoll,
      (struct pollfd *fds, nfds_t n, const struct timespec *t,
       const sigset_t *s), (fds, n, t, s))
SETS_ERRNO(int, -1, signalfd, (int fd, const sigset_t *s, int f), (fd, s, f))
WAITS(pid_t, -1, waitpid, (pid_t pid, int *status, int o), (pid, status, o))

SETS_ERRNO(int, -1, chdir, (const char *path), (path))
SETS_ERRNO(int, -1, chmod, (const char *path, mode_t m), (path, m))
SETS_ERRNO(int, -1, chown, (const char *path, uid_t u, gid_t g), (path, u, g))
SETS_ERRNO(int, -1, close_range, (unsigned a, unsigned b, int f), (a, b, f))
SETS_ERRNO(int, -1, dup2, (int old, int new), (old, new))
SETS_ERRNO(int, -1, fchmod, (int fd, mode_t m), (fd, m))
SETS_ERRNO(FILE *, NULL, fdopen, (int fd, const char *mode), (fd, mode))
SETS_ERRNO(char *, NULL, fgets, (char *text, int n, FILE *stream),
           (text, n, stream))
WAITS(int, -1, flock, (int fd, int operation), (fd, operation))
SETS_ERRNO(size_t, 0, fread, (void *data, size_t size, size_t n, FILE *stream),
           (data, size, n, stream))
SETS_ERRNO(int, 0, isatty, (int fd), (fd))
SETS_ERRNO(FILE *, NULL, fopen, (const char *path, const char *mode),
           (path, mode))
SETS_ERRNO(int, -1, fstat, (int fd, struct stat *s), (fd, s))
SETS_ERRNO(int, -1, fstatvfs, (int fd, struct statvfs *s), (fd, s))
SETS_ERRNO(char *, NULL, getcwd, (char *path, size_t n), (path, n))
SETS_ERRNO(int, -1, lstat, (const char *path, struct stat *s), (path, s))
SETS_ERRNO(off_t, -1, lseek, (int fd, off_t o, int whence), (fd, o, whence))
SETS_ERRNO(int, -1, mkdir, (const char *path, mode_t m), (path, m))
SETS_ERRNO(int, -1, mkdirat, (int fd, const char *path, mode_t m),
           (fd, path, m))
SETS_ERRNO(char *, NULL, mkdtemp, (char *path), (path))
SETS_ERRNO(DIR *, NULL, opendir, (const char *path), (path))
SETS_ERRNO(int, -1, pipe2, (int fds[2], int f), (fds, f))
WAITS(ssize_t, -1, read, (int fd, void *data, size_t n),
      (fd, data, faults_limit(fd, n)))
SETS_ERRNO(struct dirent *, NULL, readdir, (DIR *d), (d))
SETS_ERRNO(ssize_t, -1, readlinkat,
           (int fd, const char *path, char *text, size_t n),
           (fd, path, text, n))
SETS_ERRNO(char *, NULL, realpath, (const char *path, char *whole),
           (path, whole))
SETS_ERRNO(int, -1, rmdir, (const char *path), (path))
SETS_ERRNO(int, -1, statvfs, (const char *path, struct statvfs *s), (path, s))
SETS_ERRNO(int, -1, symlinkat, (const char *to, int fd, const char *path),
           (to, fd, path))
SETS_ERRNO(int, -1, unlink, (const char *path), (path))
SETS_ERRNO(int, -1, unlinkat, (int fd, const char *path, int f), (fd, path, f))
WAITS(ssize_t, -1, write, (int fd, const void *data, size_t n),
      (fd, data, faults_limit(fd, n)))

SETS_ERRNO(struct tm *, NULL, gmtime_r, (const time_t *t, struct tm *tm),
           (t, tm))
SETS_ERRNO(struct tm *, NULL, localtime_r, (const time_t *t, struct tm *tm),
           (t, tm))

SETS_ERRNO(int, -1, execvp, (const char *file, char *const argv[]),
           (file, argv))
SETS_ERRNO(pid_t, -1, fork, (void), ())
SETS_ERRNO(struct group *, NULL, getgrnam, (const char *name), (name))
SETS_ERRNO(int, -1, gethostname, (char *name, size_t n), (name, n))
SETS_ERRNO(struct passwd *, NULL, getpwnam, (const char *name), (name))
RETURNS_ERROR(getpwuid_r,
              (uid_t u, struct passwd *e, char *room, size_t n,
               struct passwd **found), (u, e, room, n, found))
WAITS(ssize_t, -1, getrandom, (void *data, size_t n, unsigned f), (data, n, f))
SETS_ERRNO(int, -1, getrlimit, (int r, struct rlimit *l), (r, l))
SETS_ERRNO(int, -1, kill, (pid_t pid, int s), (pid, s))
SETS_ERRNO(int, -1, pidfd_open, (pid_t pid, unsigned f), (pid, f))
SETS_ERRNO(int, -1, pidfd_send_signal,
           (int fd, int s, siginfo_t *i, unsigned f), (fd, s, i, f))
SETS_ERRNO(int, -1, setenv, (const char *name, const char *value, int o),
           (name, value, o))
SETS_ERRNO(int, -1, unsetenv, (const char *name), (name))
SETS_ERRNO(int, -1, setpgid, (pid_t pid, pid_t group), (pid, group))
SETS_ERRNO(int, -1, setrlimit, (int r, const struct rlimit *l), (r, l))
SETS_ERRNO(pid_t, -1, setsid, (void), ())
/* clang-format on */

int __real_posix_fallocate(int fd, off_t offset, off_t length);
int __wrap_posix_fallocate(int fd, off_t offset, off_t length);
int
__wrap_posix_fallocate(int fd, off_t offset, off_t length)
{
    int error =
        faults_due_waiting("posix_fallocate", __builtin_return_address(0));

    return error ? error : __real_posix_fallocate(fd, offset, length);
}

int __real_getaddrinfo(const char *name, const char *service,
                       const struct addrinfo *hints, struct addrinfo **found);
int __wrap_getaddrinfo(const char *name, const char *service,
                       const struct addrinfo *hints, struct addrinfo **found);
int
__wrap_getaddrinfo(const char *name, const char *service,
                   const struct addrinfo *hints, struct addrinfo **found)
{
    int error = faults_due("getaddrinfo");

    if (error == EAI_SYSTEM) {
        errno = EMFILE;
    }
    return error ? error : __real_getaddrinfo(name, service, hints, found);
}

/* Linux lets the descriptor go whatever it answers. */
int __wrap_close(int fd);
int
__wrap_close(int fd)
{
    int error = faults_due_waiting("close", __builtin_return_address(0));
    int result = __real_close(fd);

    if (error) {
        errno = error;
        return -1;
    }
    return result;
}

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr cut = *message;
    struct iovec first;
    int error = faults_due_waiting("sendmsg", __builtin_return_address(0));

    if (error) {
        errno = error;
        return -1;
    }
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        first = message->msg_iov[i];
        if (first.iov_len == 0) {
            continue;
        }
        if (faults_limit(fd, SIZE_MAX) < SIZE_MAX) {
            first.iov_len = 1;
            cut.msg_iov = &first;
            cut.msg_iovlen = 1;
        }
        break;
    }
    return __real_sendmsg(fd, &cut, flags);
}

int __wrap_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode = 0;
    int error = faults_due("open");

    if (flags & O_CREAT) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (error) {
        errno = error;
        return -1;
    }
    return __real_open(path, flags, mode);
}

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int
__wrap_openat(int at, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode = 0;
    int error = faults_due("openat");

    if (flags & O_CREAT) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (error) {
        errno = error;
        return -1;
    }
    return __real_openat(at, path, flags, mode);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int
__wrap_fcntl(int fd, int command, ...)
{
    va_list arguments;
    int error = faults_due("fcntl");

    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (error) {
        errno = error;
        return -1;
    }
    return __real_fcntl(fd, command, argument);
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int
__wrap_prctl(int option, ...)
{
    unsigned long a[4];
    va_list arguments;
    int error = faults_due("prctl");

    va_start(arguments, option);
    for (size_t i = 0; i < 4; i++) {
        a[i] = va_arg(arguments, unsigned long);
    }
    va_end(arguments);
    if (error) {
        errno = error;
        return -1;
    }
    return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

/* The futex of core/parking.c. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long
__wrap_syscall(long number, ...)
{
    long a[6];
    va_list arguments;
    int error = faults_due_waiting("syscall", __builtin_return_address(0));

    va_start(arguments, number);
    for (size_t i = 0; i < 6; i++) {
        a[i] = va_arg(arguments, long);
    }
    va_end(arguments);
    if (error) {
        errno = error;
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int __wrap_dprintf(int fd, const char *format, ...);
int
__wrap_dprintf(int fd, const char *format, ...)
{
    va_list arguments;
    int result = -1;
    int error = faults_due("dprintf");

    va_start(arguments, format);
    if (error) {
        errno = error;
    } else {
        result = vdprintf(fd, format, arguments);
    }
    va_end(arguments);
    return result;
}

/* The C library marks a stream that could not be written (_IO_ERR_SEEN). */
static void
mark_failed(FILE *stream)
{
    stream->_flags |= 0x20;
}

int __wrap_printf(const char *format, ...);
int
__wrap_printf(const char *format, ...)
{
    va_list arguments;
    int result = -1;
    int error = faults_due("printf");

    va_start(arguments, format);
    if (error) {
        mark_failed(stdout);
        errno = error;
    } else {
        result = vprintf(format, arguments);
    }
    va_end(arguments);
    return result;
}

int __real_fflush(FILE *stream);
int __wrap_fflush(FILE *stream);
int
__wrap_fflush(FILE *stream)
{
    int error = faults_due("fflush");

    if (error) {
        mark_failed(stream ? stream : stdout);
        errno = error;
        return EOF;
    }
    return __real_fflush(stream);
}

/*
 * An interrupted one goes on by itself over TCP; to a Unix socket nothing has
 * come of it.
 */
int __real_connect(int fd, const struct sockaddr *address, socklen_t bytes);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t bytes);
int
__wrap_connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
    int error = faults_due_waiting("connect", __builtin_return_address(0));

    if (error == EINTR && address->sa_family != AF_UNIX) {
        (void)!__real_connect(fd, address, bytes);
    }
    if (error) {
        errno = error;
        return -1;
    }
    return __real_connect(fd, address, bytes);
}
