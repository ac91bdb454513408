/* unsupported "tmpfile is called and not modelled": what it does to the state
 * of the program is not known. */
#include <heddle.h>
#include <stdio.h>

void
t0(void)
{
    heddle_assert(tmpfile() != NULL);
}
