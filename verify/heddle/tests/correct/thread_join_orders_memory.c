/* clean, 1 execution: create and join order the accesses to plain memory. */
#include <heddle.h>

static int data;

static void *
body(void *unused)
{
    heddle_assert(data == 1);
    data = 2;
    return unused;
}

int
main(void)
{
    pthread_t thread;

    data = 1;
    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);
    heddle_assert(data == 2);
    return 0;
}
