/* misuse "ends while it holds": locked twice, unlocked once. */
#define _GNU_SOURCE
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}
