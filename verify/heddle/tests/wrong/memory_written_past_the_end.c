/* memory "at offset 12 of a block of 12 bytes": one element too far. */
#include <heddle.h>
#include <stdlib.h>

static volatile int last = 3;

void
t0(void)
{
    int *number = malloc(3 * sizeof(*number));
    int i;

    for (i = 0; i <= last; i++) {
        number[i] = i;
    }
    heddle_state((unsigned)number[last]);
    free(number);
}
