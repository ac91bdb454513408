/* race "ordered": who loses learns of the winner by a relaxed load, and reads
 * what the winner wrote. */
#include <heddle.h>
#include <stdatomic.h>
#include <stddef.h>

static int made[2];
static _Atomic(int *) place;

static void
use(int *mine)
{
    int *was = NULL;

    *mine = 42;
    if (!atomic_compare_exchange_strong_explicit(&place, &was, mine,
                                                 memory_order_release,
                                                 memory_order_relaxed)) {
        heddle_assert(*was == 42);
    }
}

void
t0(void)
{
    use(&made[0]);
}

void
t1(void)
{
    use(&made[1]);
}
