/* clean: what precedes a release store is done when that store is. */
/* options: --deaths 1 */
#include <heddle.h>
#include <stdatomic.h>

static pthread_t writer;
static int data;
static atomic_int valid;

static void *
body(void *unused)
{
    heddle_thread_may_die(true);
    data = 42;
    atomic_store_explicit(&valid, 1, memory_order_release);
    return unused;
}

int
main(void)
{
    pthread_create(&writer, NULL, body, NULL);
    pthread_join(writer, NULL);
    if (atomic_load_explicit(&valid, memory_order_acquire)) {
        heddle_assert(data == 42);
    }
    return 0;
}
