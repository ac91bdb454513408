/* expect: assertion options: --deaths 1 */
/* A thread that may die at one named point does not get past it. */

#include <heddle.h>

static int past;
void
t0(void)
{
    heddle_may_die();
    past = 1;
}
void post(void) { heddle_assert(past); }
