/* clean: a loop that only waits for a value is not an endless execution. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_bool stop;

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
    atomic_store(&stop, true);
}
