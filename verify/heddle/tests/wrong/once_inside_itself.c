/* deadlock "once": the function calls pthread_once on its own control. */
#include <heddle.h>

static pthread_once_t control = PTHREAD_ONCE_INIT;

static void
initialise(void)
{
    pthread_once(&control, initialise);
}

void
t0(void)
{
    pthread_once(&control, initialise);
}
