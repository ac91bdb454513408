/* clean, 2 executions: the inner locks of the owner are nobody else's
 * business; two threads, two orders. */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int data;

static void
nested(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&lock);
    heddle_assert(pthread_mutex_trylock(&lock) == 0);
    data++;
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&lock);
    data++;
    pthread_mutex_unlock(&lock);
}

void
pre(void)
{
    pthread_mutexattr_t attributes;
    int kind;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutexattr_gettype(&attributes, &kind);
    heddle_assert(kind == PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

void
t0(void)
{
    nested();
}

void
t1(void)
{
    nested();
}

void
post(void)
{
    heddle_assert(data == 4);
    heddle_assert(pthread_mutex_unlock(&lock) == EPERM);
    pthread_mutex_destroy(&lock);
}
