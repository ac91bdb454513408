/* deadlock "join": two threads wait for each other's end. */
#include <heddle.h>

static pthread_t thread[2];
static pthread_mutex_t made = PTHREAD_MUTEX_INITIALIZER;

static void *
body(void *other)
{
    pthread_t which;

    pthread_mutex_lock(&made);
    which = *(pthread_t *)other;
    pthread_mutex_unlock(&made);
    pthread_join(which, NULL);
    return NULL;
}

int
main(void)
{
    pthread_mutex_lock(&made);
    pthread_create(&thread[0], NULL, body, &thread[1]);
    pthread_create(&thread[1], NULL, body, &thread[0]);
    pthread_mutex_unlock(&made);
    pthread_exit(NULL);
}
