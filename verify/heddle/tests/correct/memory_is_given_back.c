/* clean, 1 execution: every way to get memory, and nothing shared. */
#define _GNU_SOURCE
#include <heddle.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
t0(void)
{
    char *text = strdup("weft");
    int *number = calloc(4, sizeof(*number));
    void *aligned = aligned_alloc(64, 128);
    void *other;

    heddle_assert(number[3] == 0);
    number = realloc(number, 100 * sizeof(*number));
    heddle_assert(number[3] == 0);
    number[99] = 1;
    heddle_assert((uintptr_t)aligned % 64 == 0);
    heddle_assert(posix_memalign(&other, 256, 10) == 0);
    heddle_assert((uintptr_t)other % 256 == 0);
    heddle_assert(strlen(text) == 4);
    free(text);
    free(number);
    free(aligned);
    free(other);
    free(NULL);
}

void
t1(void)
{
    void *first = malloc(1);
    void *second = malloc(0);

    heddle_assert(first != second);
    free(first);
    free(second);
}
