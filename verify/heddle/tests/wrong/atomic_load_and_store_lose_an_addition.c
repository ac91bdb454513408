/* assertion "count) == 2": two atomic operations are not one. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int count;

static void
add(void)
{
    atomic_store(&count, atomic_load(&count) + 1);
}

void
t0(void)
{
    add();
}

void
t1(void)
{
    add();
}

void
post(void)
{
    heddle_assert(atomic_load(&count) == 2);
}
