/* crash "arithmetic": the divisor may still be zero. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int divisor;

void
t0(void)
{
    atomic_store(&divisor, 5);
}

void
t1(void)
{
    int by = atomic_load(&divisor);

    heddle_state((unsigned)(100 / by));
}
