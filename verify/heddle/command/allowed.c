#include "allowed.h"

#include <stddef.h>
#include <string.h>

static const char *const pure[] = {
    /* From the linker and the compiler. */
    "_GLOBAL_OFFSET_TABLE_",
    "__dso_handle",
    "_end",
    "end",
    "__bss_start",
    "_edata",
    "__ehdr_start",
    "__popcountdi2",
    "__divti3",
    "__udivti3",
    "__modti3",
    "__umodti3",
    "__multi3",
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "__gmon_start__",
    /* State that the engine keeps for each thread, or puts back. */
    "__errno_location",
    "stdout",
    "stderr",
    "optind",
    "optarg",
    "opterr",
    "optopt",
    "environ",
    "__environ",
    "program_invocation_name",
    "program_invocation_short_name",
    /* Functions of their arguments alone. */
    "abs",
    "labs",
    "llabs",
    "imaxabs",
    "div",
    "ldiv",
    "lldiv",
    "ffs",
    "ffsl",
    "ffsll",
    "isdigit",
    "isalpha",
    "isalnum",
    "isspace",
    "isupper",
    "islower",
    "isprint",
    "ispunct",
    "isxdigit",
    "iscntrl",
    "isgraph",
    "isblank",
    "toupper",
    "tolower",
    "__ctype_b_loc",
    "__ctype_tolower_loc",
    "__ctype_toupper_loc",
    "htons",
    "htonl",
    "ntohs",
    "ntohl",
    "sqrt",
    "sqrtf",
    "cbrt",
    "hypot",
    "pow",
    "powf",
    "floor",
    "floorf",
    "ceil",
    "ceilf",
    "round",
    "roundf",
    "lround",
    "llround",
    "rint",
    "lrint",
    "nearbyint",
    "trunc",
    "truncf",
    "fabs",
    "fabsf",
    "fmin",
    "fmax",
    "fmod",
    "fmodf",
    "log",
    "logf",
    "log2",
    "log10",
    "log1p",
    "exp",
    "expf",
    "exp2",
    "expm1",
    "sin",
    "sinf",
    "cos",
    "cosf",
    "tan",
    "tanf",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "ldexp",
    "difftime",
    "__isnan",
    "__isinf",
    "__finite",
    "__fpclassify",
    "strerrorname_np",
    "strerrordesc_np",
    "strsignal",
    /* Of the machine, alike in every execution. */
    "getenv",
    "secure_getenv",
    "sysconf",
    "getpagesize",
    "get_nprocs",
    "get_nprocs_conf",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getppid",
};

struct refusal {
    const char *symbol;
    const char *reason;
};

static const struct refusal refusal[] = {
    {"fork", "a second process cannot be modelled; heddle_process() groups "
             "threads that die together"},
    {"vfork", "a second process cannot be modelled"},
    {"system", "a second process cannot be modelled"},
    {"popen", "a second process cannot be modelled"},
    {"posix_spawn", "a second process cannot be modelled"},
    {"execve", "another program cannot be modelled"},
    {"execv", "another program cannot be modelled"},
    {"execvp", "another program cannot be modelled"},
    {"execl", "another program cannot be modelled"},
    {"execlp", "another program cannot be modelled"},
    {"setjmp", "a jump out of functions would confuse the call stacks"},
    {"_setjmp", "a jump out of functions would confuse the call stacks"},
    {"longjmp", "a jump out of functions would confuse the call stacks"},
    {"pthread_kill", "signals are not modelled"},
    {"raise", "signals are not modelled"},
    {"kill", "signals are not modelled"},
    {"pthread_cancel", "cancellation is not modelled"},
    {"pthread_setcancelstate", "cancellation is not modelled"},
    {"sigwait", "signals are not modelled"},
    {"alarm", "signals are not modelled"},
    {"on_exit", "use atexit"},
    {"__sigsetjmp", "a jump out of functions would confuse the call stacks"},
    {"__pthread_register_cancel", "cancellation is not modelled, nor what is "
                                  "pushed for it"},
    {"pthread_testcancel", "cancellation is not modelled"},
    {"fopen", "files are not modelled"},
    {"open", "files are not modelled"},
    {"read", "files and sockets are not modelled"},
    {"stdin", "input is not modelled; choose with heddle_choose(n)"},
    {"getchar", "input is not modelled; choose with heddle_choose(n)"},
    {"scanf", "input is not modelled; choose with heddle_choose(n)"},
    {"__isoc99_scanf", "input is not modelled; choose with heddle_choose(n)"},
    {"close", "files and sockets are not modelled"},
    {"fclose", "files are not modelled"},
    {"pipe", "files and sockets are not modelled"},
    {"poll", "files and sockets are not modelled"},
    {"select", "files and sockets are not modelled"},
    {"epoll_wait", "files and sockets are not modelled"},
    {"socket", "sockets are not modelled"},
    {"mmap", "mappings are not modelled; use static or malloc'ed memory"},
    {"shm_open", "mappings are not modelled; use static or malloc'ed memory"},
    {"thrd_create", "C11 threads are not modelled; use pthread_create"},
    {"mtx_lock", "C11 threads are not modelled; use pthread_mutex_lock"},
    {"sem_open", "named semaphores are not modelled; use sem_init"},
    {"setenv", "the environment is not put back between executions"},
    {"putenv", "the environment is not put back between executions"},
};

bool
allowed_is(const char *symbol)
{
    size_t i;

    for (i = 0; i < sizeof(pure) / sizeof(pure[0]); i++) {
        if (strcmp(pure[i], symbol) == 0) {
            return true;
        }
    }
    return strncmp(symbol, "__start_", 8) == 0 ||
           strncmp(symbol, "__stop_", 7) == 0;
}

const char *
allowed_reason(const char *symbol)
{
    size_t i;

    for (i = 0; i < sizeof(refusal) / sizeof(refusal[0]); i++) {
        if (strcmp(refusal[i].symbol, symbol) == 0) {
            return refusal[i].reason;
        }
    }
    return "Heddle does not know what it does to the state of the program; "
           "docs/heddle.md lists what is modelled";
}
