#ifndef DIPC_STEPPER_H
#define DIPC_STEPPER_H

/*
 * A stepper: runs a process one machine instruction at a time.
 *
 * Idea.  The victim is a child that asks to be traced, makes itself ready, and
 * stops; from there on it executes one instruction of the program as it was
 * built each time it is told, until it stops by itself at the end of its act.
 * A system call is one instruction.  One that would sleep is announced before
 * it is made, so that whoever steps can arrange that it returns.
 *
 * Who may call.  The thread that started the victim.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum stepper_stop {
    STEPPER_STEPPED,
    STEPPER_ENDED, /* the act is complete */
    STEPPER_FELL   /* it died of something else than a kill of ours */
};

/* Start a victim; it has done ready(argument) and is before act(argument). */
pid_t stepper_start(void (*ready)(void *argument), void (*act)(void *argument),
                    void *argument);

enum stepper_stop stepper_step(pid_t victim);

/* Where a victim is. */
struct stepper_point {
    uint64_t address; /* of the instruction that it executes next */
    bool sleeps;      /* that is a call that waits for a futex word to change */
    bool is_mark;     /* stepper_run_to can stop there */
};

struct stepper_point stepper_look(pid_t victim);

/* Run at full speed up to the first visit of a marked point. */
enum stepper_stop stepper_run_to(pid_t victim, uint64_t address);

/* Kill the victim, and wait until the kernel has put it away. */
void stepper_kill(pid_t victim);

#endif
