/* clean: one condition variable for each thing that is waited for. */
#include <heddle.h>

enum { SIZE = 1 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static int items;

static void
put(void)
{
    pthread_mutex_lock(&lock);
    while (items == SIZE) {
        pthread_cond_wait(&not_full, &lock);
    }
    items++;
    heddle_assert(items <= SIZE);
    pthread_cond_signal(&not_empty);
    pthread_mutex_unlock(&lock);
}

static void
get(void)
{
    pthread_mutex_lock(&lock);
    while (items == 0) {
        pthread_cond_wait(&not_empty, &lock);
    }
    items--;
    heddle_assert(items >= 0);
    pthread_cond_signal(&not_full);
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
