/* race "read": main reads what the thread wrote without having joined it. */
#include <heddle.h>

static int data;

static void *
body(void *unused)
{
    data = 2;
    return unused;
}

int
main(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, body, NULL);
    heddle_state((unsigned)data);
    pthread_join(thread, NULL);
    return 0;
}
