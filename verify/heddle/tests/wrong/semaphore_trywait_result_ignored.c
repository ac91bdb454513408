/* race "ordered": the data is read whether the permit was had or not. */
#include <heddle.h>
#include <semaphore.h>

static sem_t filled;
static int data;

void
pre(void)
{
    sem_init(&filled, 0, 0);
}

void
t0(void)
{
    data = 1;
    sem_post(&filled);
}

void
t1(void)
{
    (void)sem_trywait(&filled);
    heddle_state((unsigned)data);
}
