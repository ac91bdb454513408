/* misuse "waited for": destroyed while a thread waits for a post. */
#include <heddle.h>
#include <semaphore.h>

static sem_t filled;
static sem_t asked;

void
pre(void)
{
    sem_init(&filled, 0, 0);
    sem_init(&asked, 0, 0);
}

void
t0(void)
{
    sem_post(&asked);
    sem_wait(&filled);
}

void
t1(void)
{
    sem_wait(&asked);
    sem_destroy(&filled);
}
