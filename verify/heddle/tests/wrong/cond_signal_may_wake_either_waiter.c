/* assertion "woken != 1": no order among the waiters is promised, so the one
 * that came later may be woken first. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int waiting;
static int woken = -1;
static bool all;

static void
wait_as(int number)
{
    pthread_mutex_lock(&lock);
    if (waiting == number) {
        waiting++;
        pthread_cond_wait(&changed, &lock);
        if (woken < 0) {
            woken = number;
        }
    }
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    wait_as(0);
}

void
t1(void)
{
    wait_as(1);
}

void
t2(void)
{
    pthread_mutex_lock(&lock);
    all = waiting == 2;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
    heddle_assert(!all || woken != 1);
    waiting = 9;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
