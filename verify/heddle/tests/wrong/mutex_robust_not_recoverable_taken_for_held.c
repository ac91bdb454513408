/* race "ordered": ENOTRECOVERABLE gives nobody the lock. */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int count;

static void *
ends_with_it(void *unused)
{
    pthread_mutex_lock(&lock);
    return unused;
}

static void
add(void)
{
    int error = pthread_mutex_lock(&lock);

    if (error == 0 || error == ENOTRECOVERABLE) {
        count++;
    }
    if (error == 0) {
        pthread_mutex_unlock(&lock);
    }
}

void
pre(void)
{
    pthread_mutexattr_t attributes;
    pthread_t thread;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
    pthread_create(&thread, NULL, ends_with_it, NULL);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    add();
}

void
t1(void)
{
    add();
}
