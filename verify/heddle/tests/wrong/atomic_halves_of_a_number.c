/* assertion "low == high": two halves, each atomic, every size its own
 * operation, are not one number. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdint.h>

static _Atomic uint32_t half32;
static _Atomic uint16_t half16;

void
t0(void)
{
    atomic_store(&half32, 7);
    atomic_store(&half16, 7);
}

void
t1(void)
{
    uint16_t low = atomic_load(&half16);
    uint32_t high = atomic_load(&half32);

    heddle_assert(low == high);
}
