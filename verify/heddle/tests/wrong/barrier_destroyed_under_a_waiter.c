/* misuse "destroys a barrier": somebody still waits at it. */
#include <heddle.h>

static pthread_barrier_t barrier;

void
pre(void)
{
    pthread_barrier_init(&barrier, NULL, 2);
}

void
t0(void)
{
    pthread_barrier_wait(&barrier);
}

void
t1(void)
{
    pthread_barrier_destroy(&barrier);
}
