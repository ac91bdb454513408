/* deadlock "condition wait": producers and consumers wait on one condition
 * variable, and a signal meant for a consumer wakes a producer. */
#include <heddle.h>

enum { SIZE = 1 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int items;

static void
put(void)
{
    pthread_mutex_lock(&lock);
    while (items == SIZE) {
        pthread_cond_wait(&changed, &lock);
    }
    items++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void
get(void)
{
    pthread_mutex_lock(&lock);
    while (items == 0) {
        pthread_cond_wait(&changed, &lock);
    }
    items--;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    get();
}

void
t1(void)
{
    get();
}

void
t2(void)
{
    put();
    put();
}
