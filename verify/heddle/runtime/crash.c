#include "crash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "finding.h"
#include "model.h"
#include "options.h"
#include "shared.h"
#include "tls.h"

enum {
    STACK_BYTES = 65536,
    GUARD_BYTES = 4096,
    STILL_TIMES = 4,
    TICK_US = 250000
};

static HD_OWN uint64_t seen;
static HD_OWN int times;

static const char *
signal_text(int number)
{
    switch (number) {
    case SIGSEGV:
        return "segmentation fault";
    case SIGBUS:
        return "bus error";
    case SIGFPE:
        return "arithmetic error";
    case SIGILL:
        return "illegal instruction";
    default:
        return "signal";
    }
}

/* Before main(): there are no threads yet, and no explorer. */
static void
too_early(int number)
{
    static const char text[] =
        "heddle: the program crashes in a constructor, before main(): only "
        "what main() does is explored, and threads and locks work there "
        "only\n";
    static const char line[] =
        "{\"verdict\":\"unsupported\",\"executions\":0,\"blocked\":0,"
        "\"complete\":false,\"steps\":0,\"longest\":0,\"seconds\":0,"
        "\"memory_kb\":0,\"cut\":\"\",\"text\":\"the program crashes in a "
        "constructor, before main()\",\"schedule\":\"\",\"findings\":[]}\n";
    const char *options = getenv("HEDDLE_OPTIONS");

    (void)number;
    if (options != NULL && strstr(options, "--json\n") != NULL &&
        write(1, line, sizeof(line) - 1) < 0) {
        _exit(4);
    }
    if (write(2, text, sizeof(text) - 1) < 0) {
        _exit(4);
    }
    _exit(4);
}

static __attribute__((constructor(101))) void
watch_constructors(void)
{
    signal(SIGSEGV, too_early);
}

void
hd_crash_main(void)
{
    signal(SIGSEGV, SIG_DFL);
}

static bool
in_guard(const struct hd_thread *thread, uintptr_t at)
{
    return at < thread->stack_low && at >= thread->stack_low - GUARD_BYTES;
}

static void
caught(int number, siginfo_t *info, void *context)
{
    const ucontext_t *user = context;
    uint32_t pc = (uint32_t)user->uc_mcontext.gregs[REG_RIP];
    uintptr_t at = (uintptr_t)info->si_addr;
    const struct hd_thread *self = hd.self;

    if (self == NULL) {
        signal(number, SIG_DFL);
        return;
    }
    hd_tls_switch(NULL);
    if ((uint64_t)user->uc_mcontext.gregs[REG_RIP] > UINT32_MAX) {
        pc = self->next.pc;
    }
    hd_finding_at(pc + 1, at);
    if (in_guard(self, at)) {
        hd_finding(HD_CRASH,
                   "thread %d overflows its stack of %zu kB; "
                   "--stack sets the size",
                   self->id, hd_options.stack_bytes / 1024);
    }
    hd_finding(HD_CRASH, "%s in thread %d%s", signal_text(number), self->id,
               at < 4096 && number == SIGSEGV ? ": a null pointer is used"
                                              : "");
}

/* A while of processor time has gone by. A thread that took no step and
 * touched no memory all through several of them never will. */
static void
ticked(int number, siginfo_t *info, void *context)
{
    const ucontext_t *user = context;
    const struct hd_thread *self = hd.self;
    uint64_t sign;

    (void)number;
    (void)info;
    if (self == NULL || !hd.in_model) {
        seen = 0;
        return;
    }
    sign =
        ((uint64_t)hd.stamp << 32) + (uint64_t)hd.events * 65536 + self->idle;
    if (sign != seen) {
        seen = sign;
        times = 0;
        return;
    }
    times++;
    if (times < STILL_TIMES) {
        return;
    }
    hd_tls_switch(NULL);
    hd_shared->endless = true;
    hd_finding_at((uint32_t)user->uc_mcontext.gregs[REG_RIP] + 1, 0);
    hd_finding(HD_LIVELOCK,
               "thread %d runs for ever without a step that "
               "others can see, and without touching memory",
               self->id);
}

static void
tick_init(void)
{
    struct sigaction action;
    struct itimerval every = {{0, TICK_US}, {0, TICK_US}};

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = ticked;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
    sigaction(SIGVTALRM, &action, NULL);
    setitimer(ITIMER_VIRTUAL, &every, NULL);
}

void
hd_crash_init(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    stack_t stack;
    struct sigaction action;
    size_t i;

    memset(&stack, 0, sizeof(stack));
    stack.ss_sp = hd_own_reserve(STACK_BYTES);
    stack.ss_size = STACK_BYTES;
    sigaltstack(&stack, NULL);
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = caught;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], &action, NULL);
    }
    tick_init();
}
