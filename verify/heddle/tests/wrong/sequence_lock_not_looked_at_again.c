/* assertion "a == b": without the second look the pair may be of two writes. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_uint number;
static atomic_int data[2];

void
t0(void)
{
    atomic_store(&number, 1);
    atomic_store(&data[0], 1);
    atomic_store(&data[1], 1);
    atomic_store(&number, 2);
}

void
t1(void)
{
    if (atomic_load(&number) % 2 == 0) {
        int a = atomic_load(&data[0]);
        int b = atomic_load(&data[1]);

        heddle_assert(a == b);
    }
}
