/* clean: each thread draws its own numbers, whatever others draw meanwhile. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int turns;
static int drawn[2];

static void
draw(int which)
{
    srand(7);
    atomic_fetch_add(&turns, 1);
    drawn[which] = rand();
}

void
t0(void)
{
    draw(0);
}

void
t1(void)
{
    draw(1);
}

void
post(void)
{
    heddle_assert(drawn[0] == drawn[1]);
    srand(7);
    heddle_assert(drawn[0] == rand());
    heddle_assert(drawn[0] != rand());
}
