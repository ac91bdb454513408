/* memory "leak": main() ends before the others, the last of which forgets what
 * it took. */
#include <pthread.h>
#include <stdlib.h>

static void *
run(void *unused)
{
    (void)unused;
    return malloc(10);
}

int
main(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, run, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}
