/* clean, 2 executions: the try comes before the post, or after it. */
#include <errno.h>
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
    if (sem_trywait(&filled) == 0) {
        heddle_assert(data == 1);
    } else {
        heddle_assert(errno == EAGAIN);
    }
}
