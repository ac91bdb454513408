/*
 * Idea: the program under test from its main() to its end, and the life of
 * its threads.
 * Who may call: the engine.
 */
#ifndef HEDDLE_PROGRAM_H
#define HEDDLE_PROGRAM_H

#include <pthread.h>

#include "model.h"

/* The arguments that every execution's main() gets. */
void hd_program_arguments(int argc, char **argv, char **environment);
/* Those after the first, as a shell takes them, each after a space. */
void hd_program_words(char *text, size_t size_bytes);
void hd_program_begin(void);
/* What the first thread runs. */
void *hd_program_start(void *unused);
/* The running thread's function has returned. */
_Noreturn void hd_program_thread_end(void);
/* The thread of this name, or NULL. */
struct hd_thread *hd_program_thread(pthread_t which);
_Noreturn void hd_program_exit(int status, const void *pc);
/* In model.c: the running thread is gone, others go on. */
_Noreturn void hd_model_leave(void);

/* The code under test: its main(), renamed; or the library's, which calls
 * pre, t0 to t15, and post. */
int hd_libc_main(int argc, char **argv, char **environment);

#endif
