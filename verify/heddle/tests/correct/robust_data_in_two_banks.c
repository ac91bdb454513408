/* clean: the new state is written beside the old one, and one released store
 * makes it the current; a death leaves one of the two whole. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t lock;
static int from[2] = {100, 0};
static int to[2];
static atomic_int current;

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
    int old;

    heddle_thread_may_die(true);
    enter();
    old = atomic_load_explicit(&current, memory_order_relaxed);
    from[1 - old] = from[old] - 10;
    to[1 - old] = to[old] + 10;
    atomic_store_explicit(&current, 1 - old, memory_order_release);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    int now;

    enter();
    now = atomic_load_explicit(&current, memory_order_acquire);
    heddle_assert(from[now] + to[now] == 100);
    pthread_mutex_unlock(&lock);
}
