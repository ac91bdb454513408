/* livelock "within": each of two threads holds one lock and fails to get the
 * other, gives up and begins again, in step with the other. */
/* options: --max-steps 400 */
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t lock[2] = {PTHREAD_MUTEX_INITIALIZER,
                                  PTHREAD_MUTEX_INITIALIZER};
static atomic_int failures;

static void
both(int first)
{
    for (;;) {
        pthread_mutex_lock(&lock[first]);
        if (pthread_mutex_trylock(&lock[1 - first]) == 0) {
            break;
        }
        pthread_mutex_unlock(&lock[first]);
        atomic_fetch_add(&failures, 1);
    }
    pthread_mutex_unlock(&lock[1 - first]);
    pthread_mutex_unlock(&lock[first]);
}

void
t0(void)
{
    both(0);
}

void
t1(void)
{
    both(1);
}
