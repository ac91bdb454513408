/* misuse "does not hold": the mutex is not held at the wait. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void
t0(void)
{
    pthread_cond_wait(&changed, &lock);
}
