/* expect: race */
/* A flag and a check are no pthread_once. */

#include <heddle.h>

static int made;
static int value;
static void
use(void)
{
    if (!made) {
        made = 1;
        value++;
    }
}
void t0(void) { use(); }
void t1(void) { use(); }
