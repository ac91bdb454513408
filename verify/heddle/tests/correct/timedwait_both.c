/* expect: clean */
/* A timed wait ends by a signal or by its time, and both are seen. */

#include <errno.h>
#include <heddle.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ready;
void
t0(void)
{
    struct timespec until;
    int error = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&lock);
    while (!ready && error == 0) {
        error = pthread_cond_timedwait(&cond, &lock, &until);
    }
    heddle_assert(ready || error == ETIMEDOUT);
    pthread_mutex_unlock(&lock);
}
void
t1(void)
{
    pthread_mutex_lock(&lock);
    ready = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&lock);
}
