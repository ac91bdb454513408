/* assertion "value == 0": after a time-out the post is still there. */
#define _GNU_SOURCE
#include <heddle.h>
#include <semaphore.h>
#include <time.h>

static sem_t filled;
static struct timespec soon;

void
pre(void)
{
    sem_init(&filled, 0, 0);
    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_sec++;
}

void
t0(void)
{
    sem_post(&filled);
}

void
t1(void)
{
    (void)sem_clockwait(&filled, CLOCK_MONOTONIC, &soon);
}

void
post(void)
{
    int value;

    sem_getvalue(&filled, &value);
    heddle_assert(value == 0);
}
