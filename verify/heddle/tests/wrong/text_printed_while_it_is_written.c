/* race "data race": a line of a log reads a name that another sets. */
#include <heddle.h>
#include <stdio.h>

static char name[16] = "first";

void
t0(void)
{
    snprintf(name, sizeof(name), "%s", "second");
}

void
t1(void)
{
    fprintf(stderr, "%d: %s\n", 1, name);
}
