/* assertion "held == 0": after EDEADLK, which is not looked at, one unlock is
 * too many. */
#include <heddle.h>

static pthread_mutex_t lock;
static int held;

static void
enter(void)
{
    pthread_mutex_lock(&lock);
    held++;
}

static void
leave(void)
{
    held--;
    pthread_mutex_unlock(&lock);
    heddle_assert(held == 0);
}

void
t0(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&lock, &attributes);
    enter();
    enter();
    leave();
    leave();
}
