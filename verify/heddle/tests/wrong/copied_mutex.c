/* expect: misuse */
/* A copy of an initialised mutex is no mutex. */

#include <heddle.h>

static pthread_mutex_t lock;
static pthread_mutex_t copy;
void
t0(void)
{
    pthread_mutex_init(&lock, NULL);
    copy = lock;
    pthread_mutex_lock(&copy);
}
