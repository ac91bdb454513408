/* race "ordered": an own flag in place of pthread_once. */
#include <heddle.h>

static int ready;
static int runs;

static void
use(void)
{
    if (!ready) {
        runs++;
        ready = 1;
    }
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
