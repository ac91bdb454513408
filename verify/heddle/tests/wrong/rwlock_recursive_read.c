/* expect: deadlock */
/* A second read lock behind a queued writer, where writers come first. */

#include <heddle.h>

static pthread_rwlock_t lock;
void
pre(void)
{
    pthread_rwlockattr_t with;
    pthread_rwlockattr_init(&with);
    pthread_rwlockattr_setkind_np(
        &with, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock, &with);
}
void
t0(void)
{
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_unlock(&lock);
    pthread_rwlock_unlock(&lock);
}
void
t1(void)
{
    pthread_rwlock_wrlock(&lock);
    pthread_rwlock_unlock(&lock);
}
