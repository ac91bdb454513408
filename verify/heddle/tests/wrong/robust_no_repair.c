/* expect: assertion options: --deaths 1 */
/* The next owner does not repair: half of the change may be missing. */

#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int a;
static int b;
void
pre(void)
{
    pthread_mutexattr_t with;
    pthread_mutexattr_init(&with);
    pthread_mutexattr_setrobust(&with, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &with);
}
static void
both(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    heddle_assert(a == b);
    a++;
    b++;
    pthread_mutex_unlock(&lock);
}
void
t0(void)
{
    heddle_thread_may_die(true);
    both();
}
void t1(void) { both(); }
