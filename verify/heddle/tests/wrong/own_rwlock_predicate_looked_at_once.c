/* deadlock "condition wait": the loop asks a copy of the count, taken before
 * the first wait. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int readers = 1;

void
t0(void)
{
    int seen;

    pthread_mutex_lock(&lock);
    seen = readers;
    while (seen > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    readers--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
