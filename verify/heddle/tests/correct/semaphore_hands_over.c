/* clean, 1 execution: the wait can only follow the post. */
#include <heddle.h>
#include <semaphore.h>

static sem_t filled;
static int data;

void
pre(void)
{
    heddle_assert(sem_init(&filled, 0, 0) == 0);
}

void
t0(void)
{
    data = 42;
    sem_post(&filled);
}

void
t1(void)
{
    sem_wait(&filled);
    heddle_assert(data == 42);
}

void
post(void)
{
    heddle_assert(sem_destroy(&filled) == 0);
}
