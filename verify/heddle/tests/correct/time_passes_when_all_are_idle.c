/* clean, 2 executions: with --idle-time a wait ends by itself only when nobody
 * can go on, the earliest first; of two with the same deadline, either. */
/* options: --idle-time */
#include <errno.h>
#include <heddle.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

static atomic_int ready;
static atomic_int woken;
static sem_t never_posted;

void
pre(void)
{
    sem_init(&never_posted, 0, 0);
}

void
t0(void)
{
    struct timespec nap = {1000, 10000000};
    int error = sem_clockwait(&never_posted, CLOCK_MONOTONIC, &nap);

    heddle_assert(error == -1);
    heddle_assert(atomic_load(&ready) == 1);
    heddle_assert(atomic_load(&woken) == 0);
    atomic_fetch_add(&woken, 1);
}

void
t1(void)
{
    struct timespec nap = {0, 20000000};

    atomic_store(&ready, 1);
    nanosleep(&nap, NULL);
    heddle_assert(atomic_load(&woken) >= 1);
    atomic_fetch_add(&woken, 1);
}

void
t2(void)
{
    struct timespec nap = {0, 20000000};

    nanosleep(&nap, NULL);
    heddle_assert(atomic_load(&woken) >= 1);
    atomic_fetch_add(&woken, 1);
}
