/* race "data race": strtok keeps one place for all threads. */
#include <heddle.h>
#include <string.h>

static char one[] = "a b";
static char two[] = "c d";

void
t0(void)
{
    strtok(one, " ");
}

void
t1(void)
{
    strtok(two, " ");
}
