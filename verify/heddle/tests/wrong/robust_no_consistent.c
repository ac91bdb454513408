/* expect: assertion options: --deaths 1 */
/* Unlocked without pthread_mutex_consistent, it is ruined for the third. */

#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
void
pre(void)
{
    pthread_mutexattr_t with;
    pthread_mutexattr_init(&with);
    pthread_mutexattr_setrobust(&with, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &with);
}
static void
use(void)
{
    int error = pthread_mutex_lock(&lock);
    heddle_assert(error != ENOTRECOVERABLE);
    pthread_mutex_unlock(&lock);
}
void
t0(void)
{
    heddle_thread_may_die(true);
    use();
}
void t1(void) { use(); }
void t2(void) { use(); }
