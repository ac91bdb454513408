/*
 * Idea: for comparing searches: the set of final states and verdicts that
 * the executions of a program end in. A final state is what the program
 * gave heddle_state().
 * Who may call: the explorer; the header's functions.
 */
#ifndef HEDDLE_STATES_H
#define HEDDLE_STATES_H

#include <stdint.h>

void hd_states_begin(void);
void hd_states_add(uint64_t value);
/* An execution has ended: with --states its state is noted. */
void hd_states_note(void);
void hd_states_print(void);

#endif
