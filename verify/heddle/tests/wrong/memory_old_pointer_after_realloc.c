/* memory "use after free": realloc may have moved the block. */
#include <heddle.h>
#include <stdlib.h>

int *volatile kept;

void
t0(void)
{
    int *number = malloc(sizeof(*number));
    int *volatile more;

    kept = number;
    more = realloc(number, 1000 * sizeof(*number));
    *kept = 1;
    free(more);
}
