/* clean: a reader that saw the same even number before and after has a pair
 * of one write. */
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
    unsigned before = atomic_load(&number);
    int a = atomic_load(&data[0]);
    int b = atomic_load(&data[1]);

    if (before % 2 == 0 && atomic_load(&number) == before) {
        heddle_assert(a == b);
    }
}
