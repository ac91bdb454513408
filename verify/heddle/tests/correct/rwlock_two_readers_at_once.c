/* clean: two readers can be inside together, or neither of these would ever
 * pass the barrier. */
#include <heddle.h>

static pthread_rwlock_t lock;
static pthread_barrier_t both;

static void
meet(void)
{
    pthread_rwlock_rdlock(&lock);
    pthread_barrier_wait(&both);
    pthread_rwlock_unlock(&lock);
}

void
pre(void)
{
    pthread_rwlockattr_t attributes;

    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    pthread_barrier_init(&both, NULL, 2);
}

void
t0(void)
{
    meet();
}

void
t1(void)
{
    meet();
}

void
post(void)
{
    pthread_rwlock_destroy(&lock);
    pthread_barrier_destroy(&both);
}
