/* clean, 6 executions: no death without --deaths, whatever the program
 * allows; three threads take one lock in 3! orders. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
visit(void)
{
    heddle_thread_may_die(true);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    visit();
}

void
t1(void)
{
    visit();
}

void
t2(void)
{
    visit();
}
