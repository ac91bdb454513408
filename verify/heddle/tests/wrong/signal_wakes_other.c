/* expect: deadlock */
/* One condition variable for two conditions, and signal: the wrong waiter
 * may be woken. */

#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int items[2];
static void
take(int i)
{
    pthread_mutex_lock(&lock);
    while (items[i] == 0) {
        pthread_cond_wait(&cond, &lock);
    }
    items[i]--;
    pthread_mutex_unlock(&lock);
}
static void
give(int i)
{
    pthread_mutex_lock(&lock);
    items[i]++;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&lock);
}
void t0(void) { take(0); }
void t1(void) { take(1); }
void
t2(void)
{
    give(0);
    give(1);
}
