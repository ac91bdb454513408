/* clean: a thread that ends with a robust mutex hands it on as the dead do. */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int seen;

void
pre(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
}

void
t0(void)
{
    pthread_mutex_lock(&lock);
}

void
t1(void)
{
    int error = pthread_mutex_lock(&lock);

    if (error == EOWNERDEAD) {
        seen = 1;
        pthread_mutex_consistent(&lock);
    }
    pthread_mutex_unlock(&lock);
}

void
post(void)
{
    heddle_assert(pthread_mutex_trylock(&lock) == (seen ? 0 : EOWNERDEAD));
}
