/* deadlock "waits in lock": the owner of an ordinary mutex dies with it. */
/* options: --deaths 1 */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
t0(void)
{
    heddle_thread_may_die(true);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}
