/*
 * Idea: what a test can say to Heddle, the model checker: properties,
 * choices, places where a thread may die.
 *
 * A test is a program with a main() of its own, or it defines
 *
 *     void pre(void);    before the threads, if defined
 *     void t0(void);     one thread each, t0 to t15, those that are defined
 *     void t1(void);
 *     void post(void);   after all of them have ended or died, if defined
 *
 * Build it with `heddle cc`, run it with `heddle run`. The manual is
 * docs/heddle.md.
 * Who may call: the code under test.
 */
#ifndef HEDDLE_H
#define HEDDLE_H

#include <pthread.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The property must hold here; otherwise the verdict is `assertion`. */
#define heddle_assert(property) \
    ((property) ? (void)0 : heddle_assert_failed(#property, __FILE__, __LINE__))

void heddle_assert_failed(const char *what, const char *file, int line)
    __attribute__((noreturn));

/* Any number from 0 to count - 1: each is tried. count is 1 to 1024. */
unsigned heddle_choose(unsigned count);

/* Text for the picture of a failure. */
void heddle_mark(const char *text);

/* From here on the calling thread may die at any step, as long as fewer than
 * --deaths threads have; or, with false, may not. */
void heddle_thread_may_die(bool may);

/* The calling thread may die here, and only here, under the same bound. */
void heddle_may_die(void);

/* The calling thread, and threads it creates from now on, belong to this
 * process: a death takes all threads of a process. 0: each on its own. */
void heddle_process(int process);

bool heddle_is_dead(pthread_t thread);

/* The calling thread's number in pictures: main() is 0. */
unsigned heddle_thread_number(void);

/* Make value a part of the execution's final state (--states). */
void heddle_state(unsigned long long value);

#ifdef __cplusplus
}
#endif

#endif
