/* expect: clean */
/* A __thread variable is its thread's own. */

#include <heddle.h>

static __thread int mine = 3;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *address[2];
static void
use(int t)
{
    heddle_assert(mine == 3);
    mine = t;
    pthread_mutex_lock(&lock);
    address[t] = &mine;
    heddle_assert(address[0] != address[1]);
    pthread_mutex_unlock(&lock);
    heddle_assert(mine == t);
}
void t0(void) { use(0); }
void t1(void) { use(1); }
