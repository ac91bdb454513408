/* deadlock "condition wait": the lock is handed to the waiter just when its
 * time is up, it reports the time-out, and keeps what it was handed. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held = true;
static bool waits;
static bool given;
static struct timespec soon;

static void
unlock(void)
{
    if (waits) {
        given = true;
    } else {
        held = false;
    }
    pthread_cond_broadcast(&changed);
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
    int error = 0;

    pthread_mutex_lock(&lock);
    waits = true;
    while (!given && error == 0) {
        error = held ? pthread_cond_timedwait(&changed, &lock, &soon) : 0;
        given = given || !held;
    }
    waits = false;
    if (error == 0) {
        held = false;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    unlock();
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
    while (held) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}
