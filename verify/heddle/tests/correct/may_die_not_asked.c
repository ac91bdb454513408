/* expect: clean */
/* Without --deaths nobody dies. */

#include <heddle.h>

static int past;
void
t0(void)
{
    heddle_may_die();
    past = 1;
}
void post(void) { heddle_assert(past); }
