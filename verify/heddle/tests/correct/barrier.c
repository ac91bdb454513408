/* expect: clean */
/* Nobody passes before all have come; one is the serial one. */

#include <heddle.h>

static pthread_barrier_t barrier;
static int value[3];
static int serial[3];
void pre(void) { pthread_barrier_init(&barrier, NULL, 3); }
static void
round_trip(int t)
{
    value[t] = 1;
    serial[t] =
        pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    heddle_assert(value[0] + value[1] + value[2] == 3);
}
void t0(void) { round_trip(0); }
void t1(void) { round_trip(1); }
void t2(void) { round_trip(2); }
void
post(void)
{
    heddle_assert(serial[0] + serial[1] + serial[2] == 1);
    pthread_barrier_destroy(&barrier);
}
