/* deadlock "waits in": the program did not ask for it; with --die-anywhere any
 * thread may die with the lock. */
/* options: --deaths 1 --die-anywhere */
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
