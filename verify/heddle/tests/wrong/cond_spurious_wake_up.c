/* assertion "ready": the wait may end though nobody signalled. */
/* options: --spurious */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool ready;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    if (!ready) {
        pthread_cond_wait(&changed, &lock);
    }
    heddle_assert(ready);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    ready = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}
