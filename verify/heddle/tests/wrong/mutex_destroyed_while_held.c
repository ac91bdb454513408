/* misuse "destroys a mutex": the other thread may still hold it. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

void
pre(void)
{
    pthread_barrier_init(&both, NULL, 2);
}

void
t0(void)
{
    pthread_mutex_lock(&lock);
    pthread_barrier_wait(&both);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_barrier_wait(&both);
    pthread_mutex_destroy(&lock);
}
