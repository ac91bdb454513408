/* N threads store to one variable, one loads it: all N + 1 operations
 * conflict, (N + 1)! executions. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#ifndef N
#define N 3
#endif

static atomic_int x;

static void *
writer(void *number)
{
    atomic_store(&x, (int)(intptr_t)number);
    return NULL;
}

static void *
reader(void *unused)
{
    (void)atomic_load(&x);
    return unused;
}

int
main(void)
{
    pthread_t thread[N + 1];
    int i;

    for (i = 0; i < N; i++) {
        pthread_create(&thread[i], NULL, writer, (void *)(intptr_t)(i + 1));
    }
    pthread_create(&thread[N], NULL, reader, NULL);
    for (i = 0; i <= N; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}
