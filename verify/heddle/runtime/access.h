/*
 * Idea: plain memory accesses and function calls, as the compiler's thread
 * sanitizer instrumentation reports them. They are not steps: they are
 * checked for races and uses of freed memory, and done.
 *
 * Invariants
 *   1. thread->frame[0..frames) is the thread's call stack.
 * Who may call: compiler-generated code; the C library's functions as
 * modelled.
 */
#ifndef HEDDLE_ACCESS_H
#define HEDDLE_ACCESS_H

#include "model.h"

/* The running thread reads or writes there. */
void hd_access_plain(const void *at, size_t bytes, bool writes, const void *pc);
/* The running thread gets a result of so many bytes there. */
void hd_access_result(void *to, const void *from, size_t bytes, const void *pc);

#endif
