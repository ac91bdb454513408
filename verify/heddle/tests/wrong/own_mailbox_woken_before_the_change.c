/* deadlock "condition wait": the wake-up is sent, the mutex let go, and only
 * then, under it again, the state changes. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned version;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    while (version == 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
    version++;
    pthread_mutex_unlock(&lock);
}
