/* expect: assertion */
/* A timed lock may time out, whatever the time. */

#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void
attempt(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1000;
    heddle_assert(pthread_mutex_timedlock(&lock, &until) == 0);
    pthread_mutex_unlock(&lock);
}
void t0(void) { attempt(); }
void t1(void) { attempt(); }
