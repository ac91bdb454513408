#include "allowed.h"

#include <stddef.h>
#include <string.h>

static const char *const pure[] = {
    /* From the linker and the compiler. */
    "_GLOBAL_OFFSET_TABLE_", "__dso_handle", "_end", "end", "__bss_start",
    "_edata", "__ehdr_start", "__popcountdi2", "__divti3", "__udivti3",
    "__modti3", "__umodti3", "__multi3", "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable", "__gmon_start__",
    /* State that the engine keeps for each thread. */
    "__errno_location", "stdout", "stderr",
    /* Functions of their arguments alone. */
    "abs", "labs", "llabs", "div", "ldiv", "atoi", "atol", "atoll", "strtol",
    "strtoul", "strtoll", "strtoull", "strtoimax", "strtoumax", "strtod",
    "__isoc23_strtol", "__isoc23_strtoul", "sscanf", "__isoc99_sscanf",
    "strspn", "strcspn", "strpbrk", "strcasecmp", "strncasecmp", "strtok_r",
    "bsearch", "qsort", "rand_r", "ffs", "ffsl", "ffsll", "isdigit",
    "isalpha", "isalnum", "isspace", "isupper", "islower", "isprint",
    "isxdigit", "toupper", "tolower", "__ctype_b_loc", "__ctype_tolower_loc",
    "__ctype_toupper_loc", "htons", "htonl", "ntohs", "ntohl", "getenv",
    "sqrt", "pow", "floor", "ceil", "fabs", "log", "exp", "sin", "cos",
    "fmod", "gmtime_r", "timegm", "memrchr", "mempcpy", "stpcpy", "memccpy",
    "sysconf", "getpagesize", "strerror_r", "__xpg_strerror_r",
    "strerrorname_np", "strerrordesc_np", "strerror",
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
    {"rand", "it keeps hidden state; use heddle_choose(n), or rand_r"},
    {"random", "it keeps hidden state; use heddle_choose(n), or rand_r"},
    {"srand", "it keeps hidden state; use heddle_choose(n), or rand_r"},
    {"strtok", "it keeps hidden state; use strtok_r"},
    {"localtime", "it keeps hidden state; use gmtime_r"},
    {"setjmp", "a jump out of functions would confuse the call stacks"},
    {"_setjmp", "a jump out of functions would confuse the call stacks"},
    {"longjmp", "a jump out of functions would confuse the call stacks"},
    {"signal", "signals are not modelled"},
    {"sigaction", "signals are not modelled"},
    {"pthread_kill", "signals are not modelled"},
    {"raise", "signals are not modelled"},
    {"kill", "signals are not modelled"},
    {"pthread_cancel", "cancellation is not modelled"},
    {"pthread_setcancelstate", "cancellation is not modelled"},
    {"atexit", "functions at exit are not modelled"},
    {"fopen", "files are not modelled"},
    {"open", "files are not modelled"},
    {"read", "files and sockets are not modelled"},
    {"write", "files and sockets are not modelled"},
    {"socket", "sockets are not modelled"},
    {"mmap", "mappings are not modelled; use static or malloc'ed memory"},
    {"shm_open", "mappings are not modelled; use static or malloc'ed memory"},
    {"getopt", "it keeps hidden state"},
    {"getopt_long", "it keeps hidden state"},
    {"gettimeofday", "use clock_gettime"},
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
