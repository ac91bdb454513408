/* memory "malloc never returned": not the pointer that malloc gave. */
#include <heddle.h>
#include <stdlib.h>

static volatile size_t offset = 4;

void
t0(void)
{
    char *volatile block = malloc(16);

    free(block + offset);
}
