/*
 * The cost of one bare context switch of Heddle's, in nanoseconds: two
 * contexts hand over to each other.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

void hd_switch(void **save, void *load);
_Noreturn void hd_model_enter(void);

enum { ROUNDS = 20000000, STACK_WORDS = 4096 };

static void *here;
static void *there;
static uintptr_t stack[STACK_WORDS];

static _Noreturn void
bounce(void)
{
    for (;;) {
        hd_switch(&there, here);
    }
}

/* What switch.S calls in a new context: not used here. */
_Noreturn void
hd_model_enter(void)
{
    bounce();
}

int
main(void)
{
    struct timespec from;
    struct timespec to;
    double ns;
    int i;

    stack[STACK_WORDS - 8] = (uintptr_t)bounce;
    there = &stack[STACK_WORDS - 14];
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (i = 0; i < ROUNDS; i++) {
        hd_switch(&here, there);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    ns = (double)(to.tv_sec - from.tv_sec) * 1e9 +
         (double)(to.tv_nsec - from.tv_nsec);
    printf("%.2f\n", ns / ROUNDS / 2);
    return 0;
}
