/* clean: with heddle_is_dead the survivor knows, and does the work itself. */
/* options: --deaths 1 */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int done;

static void *
body(void *unused)
{
    heddle_may_die();
    atomic_store(&done, 1);
    return unused;
}

int
main(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);
    heddle_assert(heddle_is_dead(thread) != (atomic_load(&done) == 1));
    return 0;
}
