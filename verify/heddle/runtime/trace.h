/*
 * Idea: when a failing schedule is replayed for showing, each step and each
 * access keeps its call stack. Off while exploring.
 * Who may call: the engine, race detection, findings.
 */
#ifndef HEDDLE_TRACE_H
#define HEDDLE_TRACE_H

#include "model.h"
#include "shared.h"

extern bool hd_trace_on;

void hd_trace_begin(void);
/* A new thread runs this function. */
void hd_trace_entry(int thread, const void *function);
void hd_trace_event(int e);
/* Text to show with the step that the running thread does next. */
void hd_trace_say(const char *text);
/* A row with a text of its own. */
void hd_trace_mark(const char *text, uint32_t pc);
/* Keep the running thread's call stack, ending at pc; its index. */
uint32_t hd_trace_stack(uint32_t pc);
uint32_t hd_trace_stack_pc(uint32_t stack);
/* At the end: a row for each thread that waits. */
void hd_trace_stuck(void);

#endif
