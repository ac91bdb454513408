/* livelock "memory accesses": a loop that does nothing that another thread
 * could see. */
#include <heddle.h>

static volatile unsigned number;

void
t0(void)
{
    number = 1;
    while (number != 0) {
        number += 2;
    }
}
