/* Thread 0 looks for the last zero of an array from its end; thread i of N
 * sets element i to element i - 1, plus one. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#ifndef N
#define N 5
#endif

static atomic_int array[N + 1];

static void *
searcher(void *unused)
{
    int i = N;

    while (atomic_load(&array[i]) != 0) {
        i--;
    }
    return unused;
}

static void *
adder(void *number)
{
    int j = (int)(intptr_t)number;

    atomic_store(&array[j], atomic_load(&array[j - 1]) + 1);
    return NULL;
}

int
main(void)
{
    pthread_t thread[N + 1];
    int i;

    pthread_create(&thread[0], NULL, searcher, NULL);
    for (i = 1; i <= N; i++) {
        pthread_create(&thread[i], NULL, adder, (void *)(intptr_t)i);
    }
    for (i = 0; i <= N; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}
