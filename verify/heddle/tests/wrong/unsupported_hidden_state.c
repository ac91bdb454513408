/* unsupported "rand": it keeps state that no execution would find as new. */
#include <heddle.h>
#include <stdlib.h>

void
t0(void)
{
    heddle_state((unsigned)rand());
}
