/* unsupported "not instrumented": compiled by the compiler alone. */
/* build: plain */
#include <pthread.h>

static void *
body(void *unused)
{
    return unused;
}

int
main(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);
    return 0;
}
