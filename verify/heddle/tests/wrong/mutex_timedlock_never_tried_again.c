/* assertion "count == 2": who does not get the lock in time leaves its work
 * undone. */
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec soon;
static int count;

static void
add(void)
{
    if (pthread_mutex_timedlock(&lock, &soon) == 0) {
        count++;
        pthread_mutex_unlock(&lock);
    }
}

void
pre(void)
{
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
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
    heddle_assert(count == 2);
}
