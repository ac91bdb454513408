/* clean, 3 executions: the trylock comes before the other's lock, between
 * its lock and unlock, or after. */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int data;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    data++;
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    int error = pthread_mutex_trylock(&lock);

    if (error == 0) {
        data++;
        pthread_mutex_unlock(&lock);
    } else {
        heddle_assert(error == EBUSY);
    }
}
