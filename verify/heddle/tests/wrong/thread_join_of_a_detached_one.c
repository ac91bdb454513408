/* misuse "is detached": nobody may join a detached thread. */
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
    pthread_detach(thread);
    pthread_join(thread, NULL);
    return 0;
}
