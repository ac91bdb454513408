/* unsupported "threads are wanted": more threads than can be modelled. */
#include <heddle.h>

static void *
body(void *unused)
{
    return unused;
}

int
main(void)
{
    pthread_t thread;
    int i;

    for (i = 0; i < 500; i++) {
        pthread_create(&thread, NULL, body, NULL);
        pthread_join(thread, NULL);
    }
    return 0;
}
