/* expect: clean */
/* The function runs once, before anybody goes on. */

#include <heddle.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int value;
static void
make(void)
{
    value++;
}
static void
use(void)
{
    pthread_once(&once, make);
    heddle_assert(value == 1);
}
void t0(void) { use(); }
void t1(void) { use(); }
void t2(void) { use(); }
