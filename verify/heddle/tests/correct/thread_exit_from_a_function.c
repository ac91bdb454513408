/* clean, 1 execution: pthread_exit deep in a call ends the thread with its
 * value, and nothing is shared. */
#include <heddle.h>

static int answer = 42;

static void
leave(int depth)
{
    if (depth == 0) {
        pthread_exit(&answer);
    }
    leave(depth - 1);
}

static void *
body(void *unused)
{
    leave(5);
    heddle_assert(false);
    return unused;
}

int
main(void)
{
    pthread_t thread;
    void *result;

    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, &result);
    heddle_assert(result == &answer);
    return 0;
}
