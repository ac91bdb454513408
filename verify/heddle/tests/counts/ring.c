/* N threads in a ring: each stores to its own variable and loads its
 * neighbour's. Each load comes before or after the store that it reads, and
 * all of them before is a circle: 2^N - 1 executions. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#ifndef N
#define N 3
#endif

static atomic_int x[N];

static void *
body(void *number)
{
    int i = (int)(intptr_t)number;

    atomic_store(&x[i], 1);
    (void)atomic_load(&x[(i + 1) % N]);
    return NULL;
}

int
main(void)
{
    pthread_t thread[N];
    int i;

    for (i = 0; i < N; i++) {
        pthread_create(&thread[i], NULL, body, (void *)(intptr_t)i);
    }
    for (i = 0; i < N; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}
