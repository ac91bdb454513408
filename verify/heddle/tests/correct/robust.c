/* expect: clean options: --deaths 1 */
/* The owner of a robust mutex may die; the next one repairs. */

#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
static int a;
static int b;
void
pre(void)
{
    pthread_mutexattr_t with;
    pthread_mutexattr_init(&with);
    pthread_mutexattr_setrobust(&with, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&with, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&lock, &with);
}
static void
both(void)
{
    int error = pthread_mutex_lock(&lock);
    if (error == EOWNERDEAD) {
        b = a;
        pthread_mutex_consistent(&lock);
    }
    heddle_assert(a == b);
    a++;
    b++;
    pthread_mutex_unlock(&lock);
}
void
t0(void)
{
    heddle_thread_may_die(true);
    both();
}
void t1(void) { both(); }
