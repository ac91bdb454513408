/* assertion "count) == 2": among a thousand random schedules some lose one. */
/* options: --random 1000 --seed 3 */
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
