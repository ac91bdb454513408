/* clean: who finds the mutex that the dead thread took first to be left finds
 * the other one left too; not the other way round. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t first;
static pthread_mutex_t last;

void
pre(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&first, &attributes);
    pthread_mutex_init(&last, &attributes);
}

void
t0(void)
{
    pthread_mutex_lock(&first);
    pthread_mutex_lock(&last);
    heddle_may_die();
    pthread_mutex_unlock(&last);
    pthread_mutex_unlock(&first);
}

void
t1(void)
{
    int error = pthread_mutex_trylock(&first);

    if (error == EOWNERDEAD) {
        heddle_assert(pthread_mutex_trylock(&last) == EOWNERDEAD);
    }
}
