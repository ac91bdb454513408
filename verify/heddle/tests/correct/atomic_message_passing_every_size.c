/* clean, 16 executions: for each of four sizes the acquiring load sees the
 * release store or not, independently: 2 to the 4th. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdint.h>

static int data[4];
static _Atomic uint8_t flag8;
static _Atomic uint16_t flag16;
static _Atomic uint32_t flag32;
static _Atomic uint64_t flag64;

void
t0(void)
{
    data[0] = 1;
    atomic_store_explicit(&flag8, 1, memory_order_release);
}

void
t1(void)
{
    data[1] = 1;
    atomic_store_explicit(&flag16, 1, memory_order_release);
}

void
t2(void)
{
    data[2] = 1;
    atomic_store_explicit(&flag32, 1, memory_order_release);
}

void
t3(void)
{
    data[3] = 1;
    atomic_store_explicit(&flag64, 1, memory_order_release);
}

void
t4(void)
{
    if (atomic_load_explicit(&flag8, memory_order_acquire) == 1) {
        heddle_assert(data[0] == 1);
    }
    if (atomic_load_explicit(&flag16, memory_order_acquire) == 1) {
        heddle_assert(data[1] == 1);
    }
    if (atomic_load_explicit(&flag32, memory_order_acquire) == 1) {
        heddle_assert(data[2] == 1);
    }
    if (atomic_load_explicit(&flag64, memory_order_acquire) == 1) {
        heddle_assert(data[3] == 1);
    }
}
