/* deadlock "waits in lock": one thread of a process holds the ordinary lock
 * when another of its threads makes the whole process die. */
/* options: --deaths 1 */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
visit(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    heddle_process(1);
    heddle_may_die();
}

void
t1(void)
{
    heddle_process(1);
    visit();
}

void
t2(void)
{
    heddle_process(2);
    visit();
}
