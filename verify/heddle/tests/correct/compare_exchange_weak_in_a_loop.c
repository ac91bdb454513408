/* clean: a counter by a loop of weak compare-exchanges loses nothing. */
#include <heddle.h>

static long count;

static void
add(void)
{
    long was = __atomic_load_n(&count, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(&count, &was, was + 1, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        continue;
    }
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
t2(void)
{
    add();
}

void
post(void)
{
    heddle_assert(count == 3);
}
