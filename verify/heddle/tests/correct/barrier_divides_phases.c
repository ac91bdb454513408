/* clean, 2 executions: the two threads arrive in either order. */
#include <heddle.h>

static pthread_barrier_t both;
static int mine[2];

static void
phase(int number)
{
    mine[number] = number + 1;
    pthread_barrier_wait(&both);
    heddle_assert(mine[1 - number] == 2 - number);
}

void
pre(void)
{
    pthread_barrier_init(&both, NULL, 2);
}

void
t0(void)
{
    phase(0);
}

void
t1(void)
{
    phase(1);
}
