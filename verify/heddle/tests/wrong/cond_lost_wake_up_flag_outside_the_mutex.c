/* deadlock "condition wait": the flag is set and the signal sent between the
 * waiter's look at the flag and its wait. */
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static atomic_bool ready;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    while (!atomic_load(&ready)) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    atomic_store(&ready, true);
    pthread_cond_signal(&changed);
}
