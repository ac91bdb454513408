/* assertion "from + to == 100": after EOWNERDEAD the mutex is consistent, what
 * it guards is not. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int from = 100;
static int to;

static void
enter(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
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
    enter();
    from -= 10;
    to += 10;
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    enter();
    heddle_assert(from + to == 100);
    pthread_mutex_unlock(&lock);
}
