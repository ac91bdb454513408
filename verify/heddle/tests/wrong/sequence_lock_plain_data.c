/* race "ordered": the reader's plain reads may meet the writer's writes, even
 * if what they give is thrown away. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_uint number;
static int data[2];

void
t0(void)
{
    atomic_store(&number, 1);
    data[0] = 1;
    data[1] = 1;
    atomic_store(&number, 2);
}

void
t1(void)
{
    unsigned before = atomic_load(&number);
    int a = data[0];
    int b = data[1];

    if (before % 2 == 0 && atomic_load(&number) == before) {
        heddle_assert(a == b);
    }
}
