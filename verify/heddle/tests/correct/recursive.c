/* expect: clean */
/* A recursive mutex, also while it waits. */

#include <heddle.h>

static pthread_mutex_t lock;
static int count;
void
pre(void)
{
    pthread_mutexattr_t with;
    pthread_mutexattr_init(&with);
    pthread_mutexattr_settype(&with, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &with);
    pthread_mutexattr_destroy(&with);
}
static void
add(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&lock);
    count++;
    pthread_mutex_unlock(&lock);
    count++;
    pthread_mutex_unlock(&lock);
}
void t0(void) { add(); }
void t1(void) { add(); }
void
post(void)
{
    heddle_assert(count == 4);
    pthread_mutex_destroy(&lock);
}
