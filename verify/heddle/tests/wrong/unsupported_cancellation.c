/* unsupported "cancel": cancellation is refused. */
#include <heddle.h>

void
t0(void)
{
    pthread_cancel(pthread_self());
}
