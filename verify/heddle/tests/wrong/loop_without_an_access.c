/* livelock "without touching memory": a loop that does nothing at all. */
#include <heddle.h>

void
t0(void)
{
    for (;;) {
    }
}
