/* deadlock "barrier": three are expected, two come. */
#include <heddle.h>

static pthread_barrier_t all;

void
pre(void)
{
    pthread_barrier_init(&all, NULL, 3);
}

void
t0(void)
{
    pthread_barrier_wait(&all);
}

void
t1(void)
{
    pthread_barrier_wait(&all);
}
