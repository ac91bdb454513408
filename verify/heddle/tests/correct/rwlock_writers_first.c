/* clean: with writers first, and no reader that comes twice, all get their
 * turn. */
#define _GNU_SOURCE
#include <heddle.h>

static pthread_rwlock_t lock;
static int data;

void
pre(void)
{
    pthread_rwlockattr_t attributes;

    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes,
                                  PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock, &attributes);
}

void
t0(void)
{
    pthread_rwlock_rdlock(&lock);
    heddle_assert(data == 0 || data == 1);
    pthread_rwlock_unlock(&lock);
}

void
t1(void)
{
    pthread_rwlock_wrlock(&lock);
    data++;
    pthread_rwlock_unlock(&lock);
}
