/* deadlock "waits in lock": the outer state survives a death, the ordinary
 * mutex that guards it does not. */
/* options: --deaths 1 */
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t inner = PTHREAD_MUTEX_INITIALIZER;
static atomic_int owner;

static void
take(int number)
{
    pthread_mutex_lock(&inner);
    if (atomic_load(&owner) == 0) {
        atomic_store(&owner, number);
    }
    pthread_mutex_unlock(&inner);
}

void
t0(void)
{
    heddle_process(1);
    heddle_thread_may_die(true);
    take(1);
}

void
t1(void)
{
    heddle_process(2);
    take(2);
}
