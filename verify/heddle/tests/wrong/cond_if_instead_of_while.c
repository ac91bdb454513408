/* assertion "items > 0": a third thread takes the item between the signal and
 * the moment at which the woken one has the mutex again. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static int items;

static void
take(void)
{
    pthread_mutex_lock(&lock);
    if (items == 0) {
        pthread_cond_wait(&filled, &lock);
    }
    heddle_assert(items > 0);
    items--;
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    take();
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    if (items > 0) {
        items--;
    }
    pthread_mutex_unlock(&lock);
}

void
t2(void)
{
    pthread_mutex_lock(&lock);
    items++;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
}
