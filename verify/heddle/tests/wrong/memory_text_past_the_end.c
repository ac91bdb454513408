/* memory "offset": a number with one digit more than there is room for. */
#include <heddle.h>
#include <stdio.h>
#include <stdlib.h>

void
t0(void)
{
    char *text = malloc(3);

    sprintf(text, "%d", 100);
    free(text);
}
