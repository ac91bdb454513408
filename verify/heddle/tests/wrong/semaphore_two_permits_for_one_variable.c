/* race "ordered": the semaphore lets two threads in. */
#include <heddle.h>
#include <semaphore.h>

static sem_t permit;
static int count;

static void
add(void)
{
    sem_wait(&permit);
    count++;
    sem_post(&permit);
}

void
pre(void)
{
    sem_init(&permit, 0, 2);
}

void
t0(void)
{
    add();
}

void
t1(void)
{
    add();
}
