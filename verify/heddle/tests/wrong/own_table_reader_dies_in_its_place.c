/* assertion "used == 0": the place of a dead reader is never given back. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int used;

static void
enter(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        used = 0;
        pthread_mutex_consistent(&lock);
    }
}

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
    enter();
    used++;
    pthread_mutex_unlock(&lock);
    heddle_may_die();
    enter();
    used--;
    pthread_mutex_unlock(&lock);
}

void
post(void)
{
    enter();
    heddle_assert(used == 0);
    pthread_mutex_unlock(&lock);
}
