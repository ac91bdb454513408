/* assertion "error == 0": at the time-out the flag may be set already; a wait
 * that reports failure then loses the change. */
#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool granted;

void
t0(void)
{
    struct timespec soon;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    pthread_mutex_lock(&lock);
    while (!granted && error == 0) {
        error = pthread_cond_timedwait(&changed, &lock, &soon);
    }
    if (granted) {
        heddle_assert(error == 0);
    }
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    granted = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}
