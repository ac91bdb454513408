#include "crash.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "finding.h"
#include "model.h"
#include "options.h"
#include "tls.h"

enum { STACK_BYTES = 65536, GUARD_BYTES = 4096 };

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
    case SIGALRM:
        return "no end in sight";
    default:
        return "signal";
    }
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
    if (number != SIGALRM && in_guard(self, at)) {
        hd_finding(HD_CRASH, "thread %d overflows its stack of %zu kB; "
                   "--stack sets the size", self->id,
                   hd_options.stack_bytes / 1024);
    }
    hd_finding(HD_CRASH, "%s in thread %d%s", signal_text(number), self->id,
               at < 4096 && number == SIGSEGV ? ": a null pointer is used"
                                              : "");
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
}
