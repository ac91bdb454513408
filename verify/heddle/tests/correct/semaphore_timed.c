/* expect: clean */
/* A timed wait for a semaphore ends either way. */

#include <errno.h>
#include <heddle.h>
#include <semaphore.h>
#include <time.h>

static sem_t sem;
void pre(void) { sem_init(&sem, 0, 0); }
void
t0(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (sem_timedwait(&sem, &until) != 0) {
        heddle_assert(errno == ETIMEDOUT);
    }
}
void
t1(void)
{
    if (sem_trywait(&sem) != 0) {
        heddle_assert(errno == EAGAIN);
        sem_post(&sem);
    }
}
