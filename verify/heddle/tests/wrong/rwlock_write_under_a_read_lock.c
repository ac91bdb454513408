/* race "ordered": two readers may be inside at once, and both write. */
#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int hits;

static void
count(void)
{
    pthread_rwlock_rdlock(&lock);
    hits++;
    pthread_rwlock_unlock(&lock);
}

void
t0(void)
{
    count();
}

void
t1(void)
{
    count();
}
