/* deadlock "condition wait": the head of the queue gives up and stays in it,
 * and those behind wait for a ghost. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned next;
static unsigned serving;
static bool held = true;
static struct timespec soon;

static bool
take(bool timed)
{
    unsigned mine = next;
    int error = 0;

    next++;
    while ((held || mine != serving) && error == 0) {
        error = timed ? pthread_cond_timedwait(&changed, &lock, &soon)
                      : pthread_cond_wait(&changed, &lock);
    }
    if (error == 0) {
        serving++;
        pthread_cond_broadcast(&changed);
    }
    return error == 0;
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
    pthread_mutex_lock(&lock);
    take(true);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    take(false);
    pthread_mutex_unlock(&lock);
}

void
t2(void)
{
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
