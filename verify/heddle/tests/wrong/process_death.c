/* expect: assertion options: --deaths 1 */
/* A process dies with both of its threads. */

#include <heddle.h>

static pthread_t other;
static int finished;
static void *
child(void *unused)
{
    heddle_may_die();
    finished = 1;
    return unused;
}
static void *
parent(void *unused)
{
    heddle_process(7);
    pthread_create(&other, NULL, child, NULL);
    pthread_join(other, NULL);
    return unused;
}
int
main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, parent, NULL);
    pthread_join(thread, NULL);
    heddle_assert(finished);
    return 0;
}
