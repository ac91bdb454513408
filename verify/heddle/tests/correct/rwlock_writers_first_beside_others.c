/* clean: a writer queues in one step and gets the lock in another; what other
 * threads do between is none of its business. */
/* options: --no-reduction */
#define _GNU_SOURCE
#include <heddle.h>
#include <stdatomic.h>

static pthread_rwlock_t lock =
    PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static atomic_int word;
static int data;

void
t0(void)
{
    heddle_assert(atomic_load(&word) == 0);
    heddle_assert(atomic_load(&word) == 0);
    heddle_assert(atomic_load(&word) == 0);
}

void
t1(void)
{
    pthread_rwlock_wrlock(&lock);
    data++;
    pthread_rwlock_unlock(&lock);
}
