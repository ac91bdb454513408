/*
 * Ends that libgcov does not see, for builds with --coverage: a process that
 * leaves by one of them writes its counts first.  Linked in their place by
 * -Wl,--wrap.
 */

#include <gcov.h>
#include <stdnoreturn.h>
#include <sys/types.h>

noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);
int __real_execvp(const char *file, char *const arguments[]);
int __wrap_execvp(const char *file, char *const arguments[]);
int __real_kill(pid_t process, int signal);
int __wrap_kill(pid_t process, int signal);
int __real_raise(int signal);
int __wrap_raise(int signal);

noreturn void
__wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

int
__wrap_execvp(const char *file, char *const arguments[])
{
    __gcov_dump();
    int failed = __real_execvp(file, arguments);
    __gcov_reset();
    return failed;
}

/* To its own group: it may be one of those whom this ends. */
int
__wrap_kill(pid_t process, int signal)
{
    if (process != 0) {
        return __real_kill(process, signal);
    }
    __gcov_dump();
    int failed = __real_kill(process, signal);
    __gcov_reset();
    return failed;
}

int
__wrap_raise(int signal)
{
    __gcov_dump();
    int failed = __real_raise(signal);
    __gcov_reset();
    return failed;
}
