/* unsupported "execv": another program cannot be modelled. */
#include <heddle.h>
#include <unistd.h>

static char *const words[] = {"true", NULL};

void
t0(void)
{
    execv("true", words);
}
