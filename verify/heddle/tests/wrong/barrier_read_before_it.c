/* race "ordered": one thread looks at the other's part before the barrier. */
#include <heddle.h>

static pthread_barrier_t both;
static int mine[2];

void
pre(void)
{
    pthread_barrier_init(&both, NULL, 2);
}

void
t0(void)
{
    mine[0] = 1;
    pthread_barrier_wait(&both);
}

void
t1(void)
{
    heddle_state((unsigned)mine[0]);
    pthread_barrier_wait(&both);
}
