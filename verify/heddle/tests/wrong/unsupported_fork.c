/* unsupported "fork": a second process cannot be modelled. */
#include <heddle.h>
#include <unistd.h>

void
t0(void)
{
    if (fork() == 0) {
        _exit(0);
    }
}
