/* memory "leak: 24 bytes": allocated, never freed. */
#include <heddle.h>
#include <stdlib.h>

void
t0(void)
{
    char *volatile lost = malloc(24);

    lost[0] = 'w';
}
