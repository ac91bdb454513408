/* clean: a thread's pthread_self() equals what its creator was told; the
 * creator publishes that under a lock. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t child;

static void *
body(void *unused)
{
    pthread_mutex_lock(&lock);
    heddle_assert(pthread_equal(child, pthread_self()));
    pthread_mutex_unlock(&lock);
    return unused;
}

int
main(void)
{
    pthread_mutex_lock(&lock);
    pthread_create(&child, NULL, body, NULL);
    heddle_assert(!pthread_equal(child, pthread_self()));
    pthread_mutex_unlock(&lock);
    pthread_join(child, NULL);
    return 0;
}
