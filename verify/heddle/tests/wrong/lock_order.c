/* expect: deadlock */
/* Two locks taken in both orders. */

#include <heddle.h>

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t b = PTHREAD_MUTEX_INITIALIZER;
static void
both(pthread_mutex_t *one, pthread_mutex_t *two)
{
    pthread_mutex_lock(one);
    pthread_mutex_lock(two);
    pthread_mutex_unlock(two);
    pthread_mutex_unlock(one);
}
void t0(void) { both(&a, &b); }
void t1(void) { both(&b, &a); }
