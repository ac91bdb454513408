/* expect: deadlock options: --deaths 1 */
/* The owner of a plain mutex dies: nobody gets it any more. */

#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void
use(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}
void
t0(void)
{
    heddle_thread_may_die(true);
    use();
}
void t1(void) { use(); }
