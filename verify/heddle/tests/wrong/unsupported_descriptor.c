/* unsupported "descriptor 7": what goes elsewhere than to the standard output
 * and error is refused. */
#include <heddle.h>
#include <unistd.h>

void
t0(void)
{
    heddle_assert(write(1, "seen\n", 5) == 5);
    heddle_assert(write(7, "lost\n", 5) == 5);
}
