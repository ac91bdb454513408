/* expect: clean options: --deaths 1 */
/* With a release store the first is there whenever the second is. */

#include <errno.h>
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t lock;
static int data;
static atomic_int valid;
void
pre(void)
{
    pthread_mutexattr_t with;
    pthread_mutexattr_init(&with);
    pthread_mutexattr_setrobust(&with, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &with);
}
void
t0(void)
{
    heddle_thread_may_die(true);
    pthread_mutex_lock(&lock);
    data = 5;
    atomic_store_explicit(&valid, 1, memory_order_release);
    pthread_mutex_unlock(&lock);
}
void
t1(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    heddle_assert(!atomic_load(&valid) || data == 5);
    pthread_mutex_unlock(&lock);
}
