/* cut "": schedules at random never cover all. */
/* options: --random 50 --seed 7 */
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
