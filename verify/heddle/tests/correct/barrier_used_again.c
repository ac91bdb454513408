/* clean, 4 executions: two rounds, in each of which either thread may be the
 * last to arrive. */
#include <heddle.h>

static pthread_barrier_t both;
static int rounds[2];

static void
go(int number)
{
    int i;

    for (i = 0; i < 2; i++) {
        rounds[number]++;
        pthread_barrier_wait(&both);
    }
}

void
pre(void)
{
    pthread_barrier_init(&both, NULL, 2);
}

void
t0(void)
{
    go(0);
}

void
t1(void)
{
    go(1);
}

void
post(void)
{
    heddle_assert(rounds[0] == 2 && rounds[1] == 2);
}
