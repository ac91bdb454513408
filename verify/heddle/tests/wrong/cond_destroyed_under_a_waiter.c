/* misuse "destroyed while": a thread still waits on it. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool waiting;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    waiting = true;
    pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    bool now;

    pthread_mutex_lock(&lock);
    now = waiting;
    pthread_mutex_unlock(&lock);
    if (now) {
        pthread_cond_destroy(&changed);
    }
}
