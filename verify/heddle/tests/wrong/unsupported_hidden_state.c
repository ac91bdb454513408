/* unsupported "setenv": it changes what no execution would find as new. */
#include <heddle.h>
#include <stdlib.h>

void
t0(void)
{
    heddle_state((unsigned)setenv("NAME", "value", 1));
}
