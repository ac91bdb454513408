/* clean: main() leaves by pthread_exit; the last thread that ends gives back
 * what was taken. */
#include <pthread.h>
#include <stdlib.h>

static void *block;

static void
give_back(void)
{
    free(block);
}

static void *
run(void *unused)
{
    return unused;
}

int
main(void)
{
    pthread_t thread;

    block = malloc(10);
    atexit(give_back);
    pthread_create(&thread, NULL, run, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}
