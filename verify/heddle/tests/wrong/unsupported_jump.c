/* unsupported "longjmp": jumps out of functions are refused. */
#include <heddle.h>
#include <setjmp.h>

static jmp_buf place;

void
t0(void)
{
    if (setjmp(place) == 0) {
        longjmp(place, 1);
    }
}
