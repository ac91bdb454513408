/* unsupported "signals are not modelled": a handler is refused. */
#include <heddle.h>
#include <signal.h>

void
t0(void)
{
    signal(SIGUSR1, SIG_IGN);
}
