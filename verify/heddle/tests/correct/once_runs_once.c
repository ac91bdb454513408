/* clean, 3 executions: one of three threads runs the function; the other two
 * come when it is done, only look, and so commute. */
#include <heddle.h>

static pthread_once_t control = PTHREAD_ONCE_INIT;
static int runs;

static void
initialise(void)
{
    runs++;
}

static void
use(void)
{
    pthread_once(&control, initialise);
    heddle_assert(runs == 1);
}

void
t0(void)
{
    use();
}

void
t1(void)
{
    use();
}

void
t2(void)
{
    use();
}
