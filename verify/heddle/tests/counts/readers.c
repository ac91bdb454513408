/* One writer of x, N readers of x: each reader reads before or after the
 * write, 2^N executions. */
#include <pthread.h>
#include <stdatomic.h>

#ifndef N
#define N 2
#endif

static atomic_int x;

static void *
writer(void *unused)
{
    atomic_store(&x, 1);
    return unused;
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

    pthread_create(&thread[0], NULL, writer, NULL);
    for (i = 1; i <= N; i++) {
        pthread_create(&thread[i], NULL, reader, NULL);
    }
    for (i = 0; i <= N; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}
