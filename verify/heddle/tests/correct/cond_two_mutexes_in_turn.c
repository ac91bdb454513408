/* clean: a condition variable may serve another mutex when nobody waits. */
#include <heddle.h>

static pthread_mutex_t lock[2] = {PTHREAD_MUTEX_INITIALIZER,
                                  PTHREAD_MUTEX_INITIALIZER};
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void
wait_for(int which)
{
    pthread_mutex_lock(&lock[which]);
    while (turn <= which) {
        pthread_cond_wait(&changed, &lock[which]);
    }
    pthread_mutex_unlock(&lock[which]);
}

void
t0(void)
{
    wait_for(0);
    wait_for(1);
}

void
t1(void)
{
    int i;

    for (i = 1; i <= 2; i++) {
        pthread_mutex_lock(&lock[0]);
        pthread_mutex_lock(&lock[1]);
        turn = i;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock[1]);
        pthread_mutex_unlock(&lock[0]);
    }
}
