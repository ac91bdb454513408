/* race "read": each thread is given the address of the variable that main
 * counts with. */
#include <heddle.h>

static int sum[3];

static void *
body(void *number)
{
    sum[*(int *)number]++;
    return NULL;
}

int
main(void)
{
    pthread_t thread[2];
    int i;

    for (i = 0; i < 2; i++) {
        pthread_create(&thread[i], NULL, body, &i);
    }
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    return 0;
}
