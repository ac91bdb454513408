/* livelock "nobody": the flag is never set. */
#include <heddle.h>
#include <stdatomic.h>

atomic_bool stop;

void
t0(void)
{
    while (!atomic_load(&stop)) {
        continue;
    }
}

void
t1(void)
{
    heddle_assert(!atomic_load(&stop));
}
