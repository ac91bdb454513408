/* deadlock "condition wait": a reader keeps out for writers that only wait,
 * and a writer for readers that do. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int readers;
static int writers;

static void
announce(int *mine)
{
    pthread_mutex_lock(&lock);
    ++*mine;
    pthread_mutex_unlock(&lock);
}

static void
pass(int *mine, const int *others)
{
    pthread_mutex_lock(&lock);
    while (*others > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    --*mine;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    announce(&readers);
    pass(&readers, &writers);
}

void
t1(void)
{
    announce(&writers);
    pass(&writers, &readers);
}
