/* clean: a loop takes care of a weak compare-exchange that fails without a
 * cause; a strong one does not. */
/* options: --spurious */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int number;
static atomic_int first;

static void
add(void)
{
    int seen = atomic_load(&number);
    int none = 0;

    while (!atomic_compare_exchange_weak(&number, &seen, seen + 1)) {
    }
    atomic_compare_exchange_strong(&first, &none, 1);
    heddle_assert(atomic_load(&first) == 1);
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
    heddle_assert(atomic_load(&number) == 2);
}
