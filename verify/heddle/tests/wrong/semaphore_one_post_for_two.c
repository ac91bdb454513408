/* deadlock "sem_wait": two wait, one is let in. */
#include <heddle.h>
#include <semaphore.h>

static sem_t filled;

void
pre(void)
{
    sem_init(&filled, 0, 0);
}

void
t0(void)
{
    sem_wait(&filled);
}

void
t1(void)
{
    sem_wait(&filled);
}

void
t2(void)
{
    sem_post(&filled);
}
