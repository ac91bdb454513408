/* expect: race */
/* A read lock does not let one write. */

#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int value;
static void
change(void)
{
    pthread_rwlock_rdlock(&lock);
    value++;
    pthread_rwlock_unlock(&lock);
}
void t0(void) { change(); }
void t1(void) { change(); }
