/* deadlock "condition wait": two threads wait for one change, and one of them
 * is woken. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_now;

static void
pass(void)
{
    pthread_mutex_lock(&lock);
    while (!open_now) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    pass();
}

void
t1(void)
{
    pass();
}

void
t2(void)
{
    pthread_mutex_lock(&lock);
    open_now = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}
