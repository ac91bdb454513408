/*
 * Idea: variables of a thread (`__thread`). Each thread of the program has
 * its own copy of the block that the thread pointer points into, and the
 * thread pointer is switched with the context; only in programs that have
 * such variables.
 * Who may call: the engine.
 */
#ifndef HEDDLE_TLS_H
#define HEDDLE_TLS_H

#include "model.h"

void hd_tls_init(void);
/* The addresses of all threads' variables; empty if there are none. */
void hd_tls_bounds(uintptr_t *low, uintptr_t *high);
/* A new thread's variables have their initial values. */
void hd_tls_prepare(struct hd_thread *thread);
/* From now on the variables are those of thread; NULL: the explorer's. */
void hd_tls_switch(const struct hd_thread *thread);

#endif
