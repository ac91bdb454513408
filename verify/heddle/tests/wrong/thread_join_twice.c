/* misuse "joined before": a thread is joined a second time. */
#include <heddle.h>

static void *
body(void *given)
{
    return given;
}

int
main(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);
    pthread_join(thread, NULL);
    return 0;
}
