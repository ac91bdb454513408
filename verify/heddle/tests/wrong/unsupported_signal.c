/* unsupported "signals are not modelled": a handler is refused. */
#include <heddle.h>
#include <signal.h>

static volatile sig_atomic_t came;

static void
handler(int number)
{
    came = number;
}

void
t0(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, handler);
}
