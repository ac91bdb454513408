/* clean: whoever comes after a death learns of it, repairs and goes on. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int half;
static int other_half;

static void
step(void)
{
    int error = pthread_mutex_lock(&lock);

    if (error == EOWNERDEAD) {
        other_half = half;
        heddle_assert(pthread_mutex_consistent(&lock) == 0);
    } else {
        heddle_assert(error == 0);
    }
    heddle_assert(half == other_half);
    half++;
    other_half++;
    pthread_mutex_unlock(&lock);
}

void
pre(void)
{
    pthread_mutexattr_t attributes;
    int robust;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_getrobust(&attributes, &robust);
    heddle_assert(robust == PTHREAD_MUTEX_ROBUST);
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
post(void)
{
    step();
}
