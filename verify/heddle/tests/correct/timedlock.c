/* expect: clean */
/* A timed lock either is had or times out. */

#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;
static void
attempt(int clocked)
{
    struct timespec until;
    int error;
    clock_gettime(clocked ? CLOCK_MONOTONIC : CLOCK_REALTIME, &until);
    until.tv_sec++;
    error = clocked ? pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &until)
                    : pthread_mutex_timedlock(&lock, &until);
    heddle_assert(error == 0 || error == ETIMEDOUT);
    if (error == 0) {
        count++;
        pthread_mutex_unlock(&lock);
    }
}
void t0(void) { attempt(0); }
void t1(void) { attempt(1); }
void post(void) { heddle_assert(count >= 1); }
