/* clean, 6 executions: three threads arrive in 3! orders, and one of them is
 * told that it is the serial one. */
#include <heddle.h>
#include <stdatomic.h>

static pthread_barrier_t all;
static int serial[3];

static void
arrive(int number)
{
    int got = pthread_barrier_wait(&all);

    heddle_assert(got == 0 || got == PTHREAD_BARRIER_SERIAL_THREAD);
    serial[number] = got == PTHREAD_BARRIER_SERIAL_THREAD;
}

void
pre(void)
{
    pthread_barrier_init(&all, NULL, 3);
}

void
t0(void)
{
    arrive(0);
}

void
t1(void)
{
    arrive(1);
}

void
t2(void)
{
    arrive(2);
}

void
post(void)
{
    heddle_assert(serial[0] + serial[1] + serial[2] == 1);
    pthread_barrier_destroy(&all);
}
