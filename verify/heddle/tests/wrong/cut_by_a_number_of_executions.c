/* cut "": 24 executions are wanted, 10 are allowed, and the rest is not passed
 * off as done. */
/* options: --max-executions 10 */
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

void
t3(void)
{
    visit();
}
