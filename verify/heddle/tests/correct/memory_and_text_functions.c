/* clean, 1 execution: the modelled functions of the C library do what they
 * do; nothing is shared. */
#include <heddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[32];

void
t0(void)
{
    char mine[32];

    strcpy(text, "warp");
    strcat(text, " and weft");
    heddle_assert(strlen(text) == 13);
    heddle_assert(strcmp(text, "warp and weft") == 0);
    heddle_assert(strncmp(text, "warped", 4) == 0);
    heddle_assert(strchr(text, 'w') == text);
    heddle_assert(strrchr(text, 'w') == text + 9);
    heddle_assert(strstr(text, "and") == text + 5);
    heddle_assert(memchr(text, 'f', sizeof(text)) == text + 11);
    memmove(text + 1, text, 13);
    heddle_assert(memcmp(text, "wwarp", 5) == 0);
    strncpy(mine, text, 4);
    mine[4] = '\0';
    snprintf(text, sizeof(text), "%s %d", mine, atoi("12"));
    heddle_assert(strcmp(text, "wwar 12") == 0);
}
