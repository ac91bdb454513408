/* expect: clean */
/* Who cannot have the lock does without. */

#include <errno.h>
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;
static int had[2];
static void
attempt(int t)
{
    int error = pthread_mutex_trylock(&lock);
    heddle_assert(error == 0 || error == EBUSY);
    if (error == 0) {
        count++;
        had[t] = 1;
        pthread_mutex_unlock(&lock);
    }
}
void t0(void) { attempt(0); }
void t1(void) { attempt(1); }
void
post(void)
{
    heddle_assert(count == had[0] + had[1]);
    heddle_assert(count >= 1);
}
