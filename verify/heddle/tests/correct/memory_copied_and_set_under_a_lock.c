/* clean, 2 executions: memcpy, memset and a struct that is copied in pieces,
 * all under one lock. */
#include <heddle.h>
#include <string.h>

struct record {
    long number[40];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct record shared;

void
t0(void)
{
    struct record mine;

    memset(&mine, 1, sizeof(mine));
    pthread_mutex_lock(&lock);
    memcpy(&shared, &mine, sizeof(mine));
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    struct record mine;

    pthread_mutex_lock(&lock);
    mine = shared;
    pthread_mutex_unlock(&lock);
    heddle_assert(mine.number[0] == mine.number[39]);
}
