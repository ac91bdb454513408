/* assertion "error == 0": without pthread_mutex_consistent the mutex is lost
 * for ever to those who come later. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;

static void
step(void)
{
    int error = pthread_mutex_lock(&lock);

    if (error == EOWNERDEAD) {
        error = 0;
    }
    heddle_assert(error == 0);
    pthread_mutex_unlock(&lock);
}

void
pre(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
}

void
t0(void)
{
    heddle_thread_may_die(true);
    step();
}

void
t1(void)
{
    step();
}

void
t2(void)
{
    step();
}
