/*
 * Idea: a crash of the program under test is a finding: the signal is caught
 * on a stack of its own, and the execution ends. So is a thread that runs
 * for ever without a step: a timer looks.
 * Who may call: main(); the worker, once.
 */
#ifndef HEDDLE_CRASH_H
#define HEDDLE_CRASH_H

void hd_crash_init(void);
/* main() has been reached: constructors are done. */
void hd_crash_main(void);

#endif
