/* clean, 1 execution: the child shares nothing with main but its result. */
#include <heddle.h>
#include <stdint.h>

static void *
body(void *given)
{
    return (void *)((intptr_t)given + 1);
}

int
main(void)
{
    pthread_t thread;
    void *result;

    heddle_assert(pthread_create(&thread, NULL, body, (void *)41) == 0);
    heddle_assert(pthread_join(thread, &result) == 0);
    heddle_assert((intptr_t)result == 42);
    return 0;
}
