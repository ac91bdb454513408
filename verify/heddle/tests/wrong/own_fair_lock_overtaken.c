/* assertion "passed <= 1": a lock without a queue lets one thread pass
 * another that waits any number of times. */
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int waiting;
static int passed;

void
t0(void)
{
    atomic_store(&waiting, 1);
    pthread_mutex_lock(&lock);
    atomic_store(&waiting, 0);
    heddle_assert(passed <= 1);
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    int i;

    for (i = 0; i < 3; i++) {
        pthread_mutex_lock(&lock);
        if (atomic_load(&waiting)) {
            passed++;
        }
        pthread_mutex_unlock(&lock);
    }
}
