/* deadlock "condition wait": the one signal goes to a thread that dies before
 * it can pass it on. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int items;

static void
take(bool mortal)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    heddle_thread_may_die(mortal);
    while (items == 0) {
        if (pthread_cond_wait(&changed, &lock) == EOWNERDEAD) {
            pthread_mutex_consistent(&lock);
        }
    }
    items--;
    heddle_thread_may_die(false);
    pthread_mutex_unlock(&lock);
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
    take(true);
}

void
t1(void)
{
    take(false);
}

void
t2(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    items++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}
