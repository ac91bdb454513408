/* N threads each take one lock once: N! executions. */
#include <pthread.h>

#ifndef N
#define N 3
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *
body(void *unused)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    return unused;
}

int
main(void)
{
    pthread_t thread[N];
    int i;

    for (i = 0; i < N; i++) {
        pthread_create(&thread[i], NULL, body, NULL);
    }
    for (i = 0; i < N; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}
