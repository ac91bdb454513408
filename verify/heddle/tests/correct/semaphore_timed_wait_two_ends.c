/* clean, 2 executions: the post comes in time, or the time is up first. */
#include <errno.h>
#include <heddle.h>
#include <semaphore.h>
#include <time.h>

static sem_t filled;
static struct timespec soon;

void
pre(void)
{
    sem_init(&filled, 1, 0);
    clock_gettime(CLOCK_REALTIME, &soon);
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
    if (sem_timedwait(&filled, &soon) != 0) {
        heddle_assert(errno == ETIMEDOUT);
    }
}
