/*
 * Idea: the main() of a test that has none: pre, then the threads t0 to t15,
 * then post.
 * Who may call: the engine, when the code under test defines no main().
 */
#include <pthread.h>
#include <stddef.h>

#include "model.h"
#include "program.h"
#include "trace.h"

#define WEAK(name) extern void name(void) __attribute__((weak))

WEAK(pre);
WEAK(post);
WEAK(t0);
WEAK(t1);
WEAK(t2);
WEAK(t3);
WEAK(t4);
WEAK(t5);
WEAK(t6);
WEAK(t7);
WEAK(t8);
WEAK(t9);
WEAK(t10);
WEAK(t11);
WEAK(t12);
WEAK(t13);
WEAK(t14);
WEAK(t15);

int hd_libc_pthread_create(pthread_t *to, const pthread_attr_t *with,
                           void *(*function)(void *), void *given);
int hd_libc_pthread_join(pthread_t which, void **result);

enum { BODIES = 16 };

static void (*const body[BODIES])(void) = {
    t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15};

static void *
run(void *number)
{
    body[(uintptr_t)number]();
    return NULL;
}

int
hd_libc_main(int argc, char **argv, char **environment)
{
    pthread_t thread[BODIES];
    uintptr_t i;

    (void)argc;
    (void)argv;
    (void)environment;
    if (pre != NULL) {
        pre();
    }
    for (i = 0; i < BODIES; i++) {
        if (body[i] != NULL) {
            hd_libc_pthread_create(&thread[i], NULL, run, (void *)i);
            hd_trace_entry((int)thread[i] - 1,
                           (const void *)(uintptr_t)body[i]);
        }
    }
    for (i = 0; i < BODIES; i++) {
        if (body[i] != NULL) {
            hd_libc_pthread_join(thread[i], NULL);
        }
    }
    if (post != NULL) {
        post();
    }
    return 0;
}
