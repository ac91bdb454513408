/* clean, 2 executions: one permit, two threads, two orders. */
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
    sem_init(&permit, 0, 1);
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

void
post(void)
{
    int value;

    heddle_assert(count == 2);
    sem_getvalue(&permit, &value);
    heddle_assert(value == 1);
}
