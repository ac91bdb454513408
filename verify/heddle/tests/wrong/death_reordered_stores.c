/* expect: assertion options: --deaths 1 */
/* Two plain stores: the first may be missing though the second is there. */

#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int data;
static int valid;
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
    valid = 1;
    pthread_mutex_unlock(&lock);
}
void
t1(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    heddle_assert(!valid || data == 5);
    pthread_mutex_unlock(&lock);
}
