/* N threads insert four messages each into a hash table of 128 places by
 * compare-and-swap; up to eleven threads never meet. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#ifndef N
#define N 12
#endif

enum { SIZE = 128, MESSAGES = 4 };

static atomic_int table[SIZE];

static void *
body(void *number)
{
    int id = (int)(intptr_t)number;
    int m;

    for (m = 1; m <= MESSAGES; m++) {
        int w = m * 11 + id;
        int h = w * 7 % SIZE;
        int empty = 0;

        while (!atomic_compare_exchange_strong(&table[h], &empty, w)) {
            empty = 0;
            h = (h + 1) % SIZE;
        }
    }
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
