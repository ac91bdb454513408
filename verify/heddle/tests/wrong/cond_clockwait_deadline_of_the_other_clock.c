/* deadlock "condition wait": the deadline is of the real-time clock; by the
 * monotonic one, which the wait goes by, it is decades away. */
#define _GNU_SOURCE
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void
t0(void)
{
    struct timespec soon;

    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    pthread_mutex_lock(&lock);
    pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &soon);
    pthread_mutex_unlock(&lock);
}
