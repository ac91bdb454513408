/* clean: two processes share a robust mutex; when one dies, both of its
 * threads do, and the other process goes on. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;

static void
step(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    pthread_mutex_unlock(&lock);
}

void
pre(void)
{
    pthread_mutexattr_t attributes;
    int shared;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_getpshared(&attributes, &shared);
    heddle_assert(shared == PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&lock, &attributes);
}

void
t0(void)
{
    heddle_process(1);
    heddle_thread_may_die(true);
    step();
}

void
t1(void)
{
    heddle_process(1);
    step();
}

void
t2(void)
{
    heddle_process(2);
    step();
}
