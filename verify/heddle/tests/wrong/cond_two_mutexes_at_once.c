/* misuse "with another mutex": two threads wait on one condition variable, each
 * with a mutex of its own. */
#include <heddle.h>

static pthread_mutex_t lock[2] = {PTHREAD_MUTEX_INITIALIZER,
                                  PTHREAD_MUTEX_INITIALIZER};
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int ready[2];

static void
wait_for(int which)
{
    pthread_mutex_lock(&lock[which]);
    while (!ready[which]) {
        pthread_cond_wait(&changed, &lock[which]);
    }
    pthread_mutex_unlock(&lock[which]);
}

void
t0(void)
{
    wait_for(0);
}

void
t1(void)
{
    wait_for(1);
}

void
t2(void)
{
    int i;

    for (i = 0; i < 2; i++) {
        pthread_mutex_lock(&lock[i]);
        ready[i] = 1;
        pthread_mutex_unlock(&lock[i]);
    }
    pthread_cond_broadcast(&changed);
}
