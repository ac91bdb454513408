/* expect: assertion */
/* A trylock may well fail. */

#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int had[2];
static void
attempt(int t)
{
    if (pthread_mutex_trylock(&lock) == 0) {
        had[t] = 1;
        pthread_mutex_unlock(&lock);
    }
}
void t0(void) { attempt(0); }
void t1(void) { attempt(1); }
void post(void) { heddle_assert(had[0] + had[1] == 2); }
