/* deadlock "condition wait": a reader that finds the table full waits for a
 * place, and who gives one back tells others only when the last leaves. */
#include <heddle.h>

enum { PLACES = 2 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int readers = 1;
static bool stay;

static void
read_once(bool until_told)
{
    pthread_mutex_lock(&lock);
    while (readers == PLACES) {
        pthread_cond_wait(&changed, &lock);
    }
    readers++;
    if (until_told) {
        stay = true;
    }
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
    readers--;
    if (readers == 0) {
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    read_once(false);
}

void
t1(void)
{
    read_once(true);
}
