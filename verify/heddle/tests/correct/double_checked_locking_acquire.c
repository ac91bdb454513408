/* clean: the first look acquires what the store of the pointer released. */
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int object;
static _Atomic(int *) only;

static void
use(void)
{
    int *at = atomic_load_explicit(&only, memory_order_acquire);

    if (at == NULL) {
        pthread_mutex_lock(&lock);
        at = atomic_load_explicit(&only, memory_order_relaxed);
        if (at == NULL) {
            object = 42;
            at = &object;
            atomic_store_explicit(&only, at, memory_order_release);
        }
        pthread_mutex_unlock(&lock);
    }
    heddle_assert(*at == 42);
}

void
t0(void)
{
    use();
}

void
t1(void)
{
    use();
}
