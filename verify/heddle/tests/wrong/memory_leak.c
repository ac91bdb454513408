/* memory "leak: 24 bytes": allocated, never freed. */
#include <heddle.h>
#include <stdlib.h>
#include <string.h>

void
t0(void)
{
    char *lost = malloc(24);

    strcpy(lost, "warp");
    heddle_assert(lost[0] == 'w');
}
