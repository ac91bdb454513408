/* race "ordered": each thread holds a lock, but not the same one. */
#include <heddle.h>

static pthread_mutex_t lock[2] = {PTHREAD_MUTEX_INITIALIZER,
                                  PTHREAD_MUTEX_INITIALIZER};
static int count;

void
t0(void)
{
    pthread_mutex_lock(&lock[0]);
    count++;
    pthread_mutex_unlock(&lock[0]);
}

void
t1(void)
{
    pthread_mutex_lock(&lock[1]);
    count++;
    pthread_mutex_unlock(&lock[1]);
}
