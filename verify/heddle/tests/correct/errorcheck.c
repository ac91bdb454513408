/* expect: clean */
/* An error-checking mutex reports what would deadlock. */

#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock;
void
pre(void)
{
    pthread_mutexattr_t with;
    pthread_mutexattr_init(&with);
    pthread_mutexattr_settype(&with, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&lock, &with);
}
static void
twice(void)
{
    heddle_assert(pthread_mutex_lock(&lock) == 0);
    heddle_assert(pthread_mutex_lock(&lock) == EDEADLK);
    heddle_assert(pthread_mutex_unlock(&lock) == 0);
}
void t0(void) { twice(); }
void t1(void) { twice(); }
