/* deadlock "condition wait": nobody signals; that the waiter might die instead
 * does not mend it. */
/* options: --deaths 1 */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void
t0(void)
{
    heddle_thread_may_die(true);
    pthread_mutex_lock(&lock);
    pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}
