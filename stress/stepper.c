#include "stepper.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_INSTRUCTION 0x050fL /* 0f 05, as a little-endian word */
#define TRAP_INSTRUCTION 0xccL
#define VDSO_BYTES 0x4000U /* at most */

static void
give_up(const char *what)
{
    perror(what);
    exit(1);
}

/* The stop that is seen from outside as the begin and the end of the act. */
static void
stop_here(void)
{
    (void)raise(SIGSTOP);
}

pid_t
stepper_start(void (*ready)(void *argument), void (*act)(void *argument),
              void *argument)
{
    int status = 0;
    pid_t victim = fork();
    if (victim < 0) {
        give_up("fork");
    }
    if (victim == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        ready(argument);
        stop_here();
        act(argument);
        stop_here();
        _exit(0);
    }
    if (waitpid(victim, &status, 0) != victim || !WIFSTOPPED(status)) {
        (void)fprintf(stderr, "the victim ended before it was ready\n");
        exit(1);
    }
    return victim;
}

/* Let it go on by this request, and say why it stopped. */
static enum stepper_stop
go_on(pid_t victim, enum __ptrace_request request)
{
    int status = 0;
    if (ptrace(request, victim, NULL, NULL) != 0) {
        give_up("ptrace: go on");
    }
    if (waitpid(victim, &status, 0) != victim) {
        give_up("waitpid");
    }
    if (!WIFSTOPPED(status)) {
        return STEPPER_FELL;
    }
    return WSTOPSIG(status) == SIGTRAP   ? STEPPER_STEPPED
           : WSTOPSIG(status) == SIGSTOP ? STEPPER_ENDED
                                         : STEPPER_FELL;
}

enum stepper_stop
stepper_step(pid_t victim)
{
    return go_on(victim, PTRACE_SINGLESTEP);
}

static struct user_regs_struct
registers_of(pid_t victim)
{
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, victim, NULL, &registers) != 0) {
        give_up("ptrace: registers");
    }
    return registers;
}

static long
peek(pid_t victim, uint64_t address)
{
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, victim, address, NULL);
    if (errno != 0) {
        give_up("ptrace: peek");
    }
    return word;
}

static void
poke(pid_t victim, uint64_t address, long word)
{
    if (ptrace(PTRACE_POKETEXT, victim, address, word) != 0) {
        give_up("ptrace: poke");
    }
}

/* The kernel's own page of code, where no trap can be put. */
static bool
is_in_vdso(uint64_t address)
{
    uint64_t begin = getauxval(AT_SYSINFO_EHDR);
    return address >= begin && address - begin < VDSO_BYTES;
}

struct stepper_point
stepper_look(pid_t victim)
{
    struct user_regs_struct registers = registers_of(victim);
    int command = (int)registers.rsi & FUTEX_CMD_MASK;
    bool is_futex = registers.rax == SYS_futex &&
                    (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET);
    struct stepper_point point = {
        .address = registers.rip,
        .sleeps = is_futex &&
                  (peek(victim, registers.rip) & 0xffff) == SYSCALL_INSTRUCTION,
        .is_mark = !is_in_vdso(registers.rip),
    };
    return point;
}

enum stepper_stop
stepper_run_to(pid_t victim, uint64_t address)
{
    long word = peek(victim, address);
    poke(victim, address, (word & ~0xffL) | TRAP_INSTRUCTION);
    enum stepper_stop stop = go_on(victim, PTRACE_CONT);
    poke(victim, address, word);
    if (stop == STEPPER_STEPPED) {
        struct user_regs_struct registers = registers_of(victim);
        registers.rip = address;
        if (ptrace(PTRACE_SETREGS, victim, NULL, &registers) != 0) {
            give_up("ptrace: registers");
        }
    }
    return stop;
}

void
stepper_kill(pid_t victim)
{
    int status = 0;
    (void)kill(victim, SIGKILL);
    do {
        if (waitpid(victim, &status, 0) != victim) {
            give_up("waitpid");
        }
    } while (WIFSTOPPED(status));
}
