/* expect: clean */
/* Readers together, a writer alone. */

#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int value;
void
t0(void)
{
    pthread_rwlock_wrlock(&lock);
    value++;
    value++;
    pthread_rwlock_unlock(&lock);
}
static void
look(void)
{
    pthread_rwlock_rdlock(&lock);
    heddle_assert(value % 2 == 0);
    pthread_rwlock_unlock(&lock);
}
void t1(void) { look(); }
void t2(void) { look(); }
