/* N threads each give an inode a block: 32 inodes and 26 blocks, a lock for
 * each; threads that want the same block meet. */
#include <pthread.h>
#include <stdint.h>

#ifndef N
#define N 14
#endif

enum { INODES = 32, BLOCKS = 26 };

static pthread_mutex_t inode_lock[INODES];
static pthread_mutex_t block_lock[BLOCKS];
static int inode[INODES];
static int busy[BLOCKS];

static void
give_block(int i)
{
    int b = i * 2 % BLOCKS;
    int tries;

    for (tries = 0; tries < BLOCKS; tries++) {
        pthread_mutex_lock(&block_lock[b]);
        if (!busy[b]) {
            busy[b] = 1;
            inode[i] = b + 1;
            pthread_mutex_unlock(&block_lock[b]);
            return;
        }
        pthread_mutex_unlock(&block_lock[b]);
        b = (b + 1) % BLOCKS;
    }
}

static void *
body(void *number)
{
    int i = (int)(intptr_t)number % INODES;

    pthread_mutex_lock(&inode_lock[i]);
    if (inode[i] == 0) {
        give_block(i);
    }
    pthread_mutex_unlock(&inode_lock[i]);
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
